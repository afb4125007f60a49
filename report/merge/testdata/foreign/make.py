"""Adds sheets to a workbook as people do: foreign/make.py OLD NEW."""
import io, struct, sys, zlib
import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule, IconSetRule, Rule
from openpyxl.styles import Alignment, Border, Font, GradientFill, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\0\xff\0" * 2)) + chunk(b"IEND", b"")


class Picture(Image):
    """An image without the library that only measures it."""

    def __init__(self, anchor):
        self.ref, self.width, self.height, self.format, self.anchor = None, 40, 40, "png", anchor

    def _data(self):
        return png()


def name(book, **what):
    made = DefinedName(**what)
    try:
        book.defined_names.append(made)  # before 3.1
    except AttributeError:
        local = what.get("localSheetId")
        (book.defined_names if local is None else book.worksheets[local].defined_names).add(made)


def contents(ws):
    for row in [["Site", "Calls", "State"], ["Berlin", 3, "open"], ["Tokyo", 7, "closed"], ["Lima", 5, "open"]]:
        ws.append(row)
    ws.merge_cells("A8:C9")
    ws["A8"] = "merged"
    ws["A10"], ws["A11"] = "their page", "runs"
    ws["A10"].hyperlink, ws["A11"].hyperlink = "https://example.com/tickets?id=7#x", "#Runs!A1"
    ws["B12"], ws["B13"], ws["B14"] = "=SUM(B2:B4)+limit_rtt", '=COUNTIF(Runs!G:G,"ready")', "=SUM(ours)"
    ws["A2"].comment = Comment("called them\nno answer", "Ada")
    ws["C4"].comment = Comment("ticket 4711", "Bob", width=300, height=120)
    chart = BarChart()
    chart.title = "Calls"
    chart.add_data(Reference(ws, min_col=2, min_row=1, max_row=4), titles_from_data=True)
    ws.add_chart(chart, "F2")
    ws.add_image(Picture("J20"))


def looks(book, ws):
    own = NamedStyle(name="Ada's", number_format='[Red]0.0" km";-0', alignment=Alignment(wrap_text=True, textRotation=45, indent=2))
    own.font = Font(bold=True, italic=True, underline="double", size=17, name="Arial")
    own.border, own.protection = Border(left=Side("thick", "FF112233"), diagonal=Side("thin"), diagonalUp=True), Protection(locked=False)
    book.add_named_style(own)
    ws["A15"], ws["A15"].style = 4, "Ada's"
    ws["A16"].fill = GradientFill(stop=("FF000000", "FFFFFFFF"), degree=90)
    ws["A17"].fill = PatternFill("lightTrellis", fgColor="FF00FF00", bgColor="FF0000FF")
    ws.column_dimensions["A"].width, ws.column_dimensions["D"].hidden, ws.row_dimensions[3].height = 33, True, 44
    ws.column_dimensions.group("G", "I", outline_level=1)
    ws.freeze_panes, ws.auto_filter.ref, ws.print_title_rows, ws.print_area = "B2", "A1:C4", "1:1", "A1:C20"
    ws.sheet_properties.tabColor, ws.oddHeader.center.text, ws.sheet_view.zoomScale = "FF00AA00", "Ours &D", 130


def rules(ws):
    look = DifferentialStyle(
        font=Font(bold=True, strike=True), border=Border(bottom=Side("thin", "FF123456")), fill=PatternFill("solid", bgColor="FFEEDDCC"),
        numFmt=NumberFormat(numFmtId=170, formatCode='0.00" x"'), alignment=Alignment(horizontal="center"))
    add = ws.conditional_formatting.add
    add("B2:B20", CellIsRule(operator="greaterThan", formula=["4"], fill=PatternFill(bgColor="FFFF0000"), font=Font(color="FF00FF00")))
    add("B2:B20", ColorScaleRule(start_type="min", start_color="AA0000", end_type="max", end_color="00AA00"))
    add("A2:A20", FormulaRule(formula=['$C2="open"'], stopIfTrue=True, fill=PatternFill(bgColor="FFFFFF00")))
    add("D2:D20", IconSetRule("3Arrows", "percent", [0, 33, 67]))
    add("E2:E20", DataBarRule(start_type="min", end_type="max", color="FF638EC6"))
    add("A15:A20", Rule(type="containsText", operator="containsText", text="x", formula=['NOT(ISERROR(SEARCH("x",A15)))'], dxf=look))
    add("A15:A20", Rule(type="top10", rank=3, percent=True, dxf=look))
    state = DataValidation(type="list", formula1='"open,closed"', allow_blank=True, showErrorMessage=True, errorTitle="No", error="open or closed")
    state.add("C2:C20")
    calls = DataValidation(type="whole", operator="between", formula1="1", formula2="limit_rtt", promptTitle="Calls", prompt="how many", showInputMessage=True)
    calls.add("B2:B20")
    ws.add_data_validation(state)
    ws.add_data_validation(calls)


book = openpyxl.load_workbook(sys.argv[1])
notes = book.create_sheet("Our notes")
contents(notes)
looks(book, notes)
rules(notes)
page = book.create_chartsheet("Their chart")
chart = BarChart()
chart.add_data(Reference(notes, min_col=2, min_row=1, max_row=4))
page.add_chart(chart)
hidden = book.create_sheet("Hidden")
for row in [["x"], ["k", "v"], ["a", 1]]:
    hidden.append(row)
hidden.sheet_state, hidden.protection.sheet, hidden.protection.password = "hidden", True, "no"
table = Table(displayName="Theirs", ref="A2:B3")
table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium9", showRowStripes=True)
hidden.add_table(table)
del book["Left out"]  # it must come back, in its place, and shift nobody's names
name(book, name="ours", attr_text="'Our notes'!$B$2:$B$4")
name(book, name="local_one", localSheetId=book.sheetnames.index("Our notes"), attr_text="'Our notes'!$A$1")
book.active = book.sheetnames.index("Our notes")
book.save(sys.argv[2])
