"""Prints what differs in people's sheets between two workbooks, and how much it looked at: foreign/compare.py OLD NEW."""
import hashlib, posixpath, sys, warnings, zipfile
import xml.etree.ElementTree as ET
import openpyxl

warnings.simplefilter("ignore")
SHEETS = ("Our notes", "Their chart", "Hidden")
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def parts(file):
    """Every part that people's sheets lead to, by the way that leads there, without the numbers that excelize may change."""
    z, out = zipfile.ZipFile(file), {}

    def relations(part):
        rels = posixpath.join(posixpath.dirname(part), "_rels", posixpath.basename(part) + ".rels")
        if rels not in z.namelist():
            return []
        return [(r.get("Id"), r.get("Type").split("/")[-1], r.get("TargetMode"), r.get("Target")) for r in ET.fromstring(z.read(rels))]

    def walk(way, part):
        for _, kind, mode, target in sorted(relations(part), key=lambda r: (r[1], r[3] if r[2] else "")):
            if mode == "External":
                out[f"{way} > {kind} > {target}"] = target
            else:
                walk(f"{way} > {kind}", target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(posixpath.dirname(part), target)))
        while way in out:
            way += " again"
        if not part.endswith((".xml", ".vml")):
            out[way] = hashlib.sha256(z.read(part)).hexdigest()
            return
        root = ET.fromstring(z.read(part))
        for element in root.iter():
            for attribute in list(element.attrib):
                if attribute.startswith(R) or attribute == "tabSelected":
                    del element.attrib[attribute]
        out[way] = ET.canonicalize(ET.tostring(root, "unicode"))

    targets = {r[0]: r[3] for r in relations("xl/workbook.xml")}
    for sheet in ET.fromstring(z.read("xl/workbook.xml")).find("{*}sheets"):
        if sheet.get("name") in SHEETS:
            target = targets[sheet.get(R + "id")]
            walk(sheet.get("name"), target.lstrip("/") if target.startswith("/") else "xl/" + target)
    return out


def cells(ws):
    for row in ws.iter_rows():
        for c in row:
            if type(c).__name__ == "MergedCell":
                continue
            yield c.coordinate, [
                c.value, c.number_format, c.style, repr(c.font), repr(c.fill), repr(c.border), repr(c.alignment), repr(c.protection),
                c.hyperlink and [c.hyperlink.target, c.hyperlink.location], c.comment and [c.comment.text, c.comment.author],
            ]


def sheet(ws):
    return {
        "cells": dict(cells(ws)),
        "rules": [[str(on.sqref), rule.type, rule.formula, rule.priority, repr(rule.dxf)] for on in ws.conditional_formatting for rule in on.rules],
        "validations": [[str(v.sqref), v.type, v.formula1, v.formula2, v.error, v.prompt] for v in ws.data_validations.dataValidation],
        "merged": sorted(map(str, ws.merged_cells.ranges)),
        "charts": [[type(c).__name__, [s.val.numRef.f for s in c.series]] for c in ws._charts],
        "columns": {k: [v.width, v.hidden, v.outlineLevel] for k, v in ws.column_dimensions.items()},
        "tables": [[t.displayName, t.ref] for t in ws.tables.values()],
        "page": [str(ws.print_title_rows), str(ws.print_area), ws.freeze_panes, ws.auto_filter.ref, ws.sheet_state, ws.protection.password],
    }


def names(book):
    if hasattr(book.defined_names, "definedName"):  # before 3.1
        every = [(n, n.localSheetId) for n in book.defined_names.definedName]
        every = [[n.name, n.attr_text, None if at is None else book.sheetnames[at]] for n, at in every]
    else:
        every = [[n.name, n.attr_text, None] for n in book.defined_names.values()]
        every += [[n.name, n.attr_text, ws.title] for ws in book.worksheets for n in ws.defined_names.values()]
    return {n[0]: n for n in every if n[0] in ("ours", "local_one")}


def whole(file):
    book = openpyxl.load_workbook(file)
    made = {name: sheet(book[name]) for name in SHEETS if name != "Their chart"}
    return dict(made, names=names(book), parts=parts(file))


count, bad = 0, []


def compare(where, a, b):
    global count
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            compare(f"{where}/{key}", a.get(key, "missing"), b.get(key, "missing"))
        return
    count += 1
    if a != b:
        bad.append(f"{where}: {str(a)[:300]} became {str(b)[:300]}")


compare("", whole(sys.argv[1]), whole(sys.argv[2]))
print("\n".join(bad + [f"{count} compared, {len(bad)} differ"]))
