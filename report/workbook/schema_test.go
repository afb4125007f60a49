package workbook

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// schema is the order of elements in the types of ECMA-376-1 that a workbook of
// ours uses (18.3 worksheets, 18.5 tables, 18.8 styles, 20.1 drawings' shapes
// and text, 20.5 anchors, 21.2 charts): a line a type, its children in their
// order as NAME:TYPE, alternatives with | between them. ? is none or one, * any
// number, + at least one, nothing exactly one. A child without a type is not
// restyled into.
const schema = `
worksheet: sheetPr:sheetPr? dimension? sheetViews:sheetViews? sheetFormatPr? cols:cols? sheetData:sheetData sheetCalcPr? sheetProtection? protectedRanges? scenarios? autoFilter:autoFilter? sortState? dataConsolidate? customSheetViews? mergeCells:mergeCells? phoneticPr? conditionalFormatting:conditionalFormatting* dataValidations:dataValidations? hyperlinks:hyperlinks? printOptions? pageMargins? pageSetup? headerFooter? rowBreaks? colBreaks? customProperties? cellWatches? ignoredErrors? smartTags? drawing? legacyDrawing? legacyDrawingHF? drawingHF? picture? oleObjects? controls? webPublishItems? tableParts:tableParts? extLst?
sheetPr: tabColor? outlinePr? pageSetUpPr?
sheetViews: sheetView:sheetView+ extLst?
sheetView: pane? selection* pivotSelection* extLst?
cols: col+
sheetData: row:row*
row: c:c* extLst?
c: f? v? is:is? extLst?
is: t? r* rPh* phoneticPr?
mergeCells: mergeCell+
conditionalFormatting: cfRule:cfRule+ extLst?
cfRule: formula* colorScale? dataBar:dataBar? iconSet? extLst?
dataBar: cfvo+ color
dataValidations: dataValidation:dataValidation+
dataValidation: formula1? formula2?
hyperlinks: hyperlink+
autoFilter: filterColumn* sortState? extLst?
tableParts: tablePart*

workbook: fileVersion? fileSharing? workbookPr? workbookProtection? bookViews:bookViews? sheets:sheets functionGroups? externalReferences? definedNames:definedNames? calcPr? oleSize? customWorkbookViews? pivotCaches? smartTagPr? smartTagTypes? webPublishing? fileRecoveryPr* webPublishObjects? extLst?
bookViews: workbookView+
sheets: sheet+
definedNames: definedName*

table: autoFilter:autoFilter? sortState? tableColumns:tableColumns tableStyleInfo? extLst?
tableColumns: tableColumn:tableColumn+
tableColumn: calculatedColumnFormula? totalsRowFormula? xmlColumnPr? extLst?

styleSheet: numFmts:numFmts? fonts:fonts? fills:fills? borders:borders? cellStyleXfs:xfs? cellXfs:xfs? cellStyles:cellStyles? dxfs:dxfs? tableStyles:tableStyles? colors:colors? extLst?
numFmts: numFmt+
fonts: font:font+
font: b|i|strike|condense|extend|outline|shadow|u|vertAlign|sz|color|name|family|charset|scheme*
fills: fill:fill+
fill: patternFill:patternFill|gradientFill
patternFill: fgColor? bgColor?
borders: border:border+
border: start:edge? end:edge? left:edge? right:edge? top:edge? bottom:edge? diagonal:edge? vertical:edge? horizontal:edge?
edge: color?
xfs: xf:xf+
xf: alignment? protection? extLst?
cellStyles: cellStyle+
dxfs: dxf:dxf*
dxf: font:font? numFmt? fill:fill? alignment? border:border? protection? extLst?
tableStyles: tableStyle:tableStyle*
tableStyle: tableStyleElement*
colors: indexedColors? mruColors?

wsDr: twoCellAnchor:twoCellAnchor|oneCellAnchor:oneCellAnchor|absoluteAnchor*
twoCellAnchor: from:cell to:cell sp|grpSp|graphicFrame:graphicFrame|cxnSp|pic:pic|contentPart|AlternateContent clientData
oneCellAnchor: from:cell ext sp|grpSp|graphicFrame:graphicFrame|cxnSp|pic:pic|contentPart|AlternateContent clientData
cell: col colOff row rowOff
graphicFrame: nvGraphicFramePr:nvGraphicFramePr xfrm:xfrm graphic:graphic
nvGraphicFramePr: cNvPr cNvGraphicFramePr
xfrm: off? ext?
graphic: graphicData
pic: nvPicPr:nvPicPr blipFill:blipFill spPr:spPr style?
nvPicPr: cNvPr cNvPicPr
blipFill: blip? srcRect? tile|stretch?
spPr: xfrm:xfrm? custGeom|prstGeom? noFill|solidFill|gradFill|blipFill|pattFill|grpFill? ln:ln? effectLst|effectDag? scene3d? sp3d? extLst?
ln: noFill|solidFill|gradFill|pattFill? prstDash|custDash? round|bevel|miter? headEnd? tailEnd? extLst?

chartSpace: date1904? lang? roundedCorners? AlternateContent? style? clrMapOvr? pivotSource? protection? chart:chart spPr:spPr? txPr:text? externalData? printSettings:printSettings? userShapes? extLst?
printSettings: headerFooter? pageMargins? pageSetup? legacyDrawingHF?
chart: title:title? autoTitleDeleted? pivotFmts? view3D? floor? sideWall? backWall? plotArea:plotArea legend:legend? plotVisOnly? dispBlanksAs? showDLblsOverMax? extLst?
title: tx:tx? layout? overlay? spPr:spPr? txPr:text? extLst?
tx: strRef:strRef|rich:text
text: bodyPr lstStyle? p:paragraph+
paragraph: pPr:pPr? r:run|br|fld* endParaRPr:rPr?
pPr: lnSpc? spcBef? spcAft? buClrTx|buClr? buSzTx|buSzPct|buSzPts? buFontTx|buFont? buNone|buAutoNum|buChar|buBlip? tabLst? defRPr:rPr? extLst?
run: rPr:rPr? t
rPr: ln:ln? noFill|solidFill|gradFill|blipFill|pattFill|grpFill? effectLst|effectDag? highlight? uLnTx|uLn? uFillTx|uFill? latin? ea? cs? sym? hlinkClick? hlinkMouseOver? rtl? extLst?
plotArea: layout? areaChart|area3DChart|lineChart:lineChart|line3DChart|stockChart|radarChart|scatterChart:scatterChart|pieChart|pie3DChart|doughnutChart|barChart:barChart|bar3DChart|ofPieChart|surfaceChart|surface3DChart|bubbleChart+ valAx:valAx|catAx:catAx|dateAx|serAx* dTable? spPr:spPr? extLst?
barChart: barDir grouping? varyColors? ser:barSer* dLbls:dLbls? gapWidth? overlap? serLines* axId+ extLst?
lineChart: grouping varyColors? ser:lineSer* dLbls:dLbls? dropLines? hiLowLines? upDownBars? marker? smooth? axId+ extLst?
scatterChart: scatterStyle varyColors? ser:scatterSer* dLbls:dLbls? axId+ extLst?
barSer: idx order tx:serTx? spPr:spPr? invertIfNegative? pictureOptions? dPt* dLbls:dLbls? trendline* errBars? cat:cat? val:val? shape? extLst?
lineSer: idx order tx:serTx? spPr:spPr? marker:marker? dPt* dLbls:dLbls? trendline* errBars? cat:cat? val:val? smooth? extLst?
scatterSer: idx order tx:serTx? spPr:spPr? marker:marker? dPt* dLbls:dLbls? trendline* errBars* xVal:cat? yVal:val? smooth? extLst?
serTx: strRef:strRef|v
strRef: f strCache? extLst?
cat: multiLvlStrRef|numRef:numRef|numLit|strRef:strRef|strLit
val: numRef:numRef|numLit
numRef: f numCache? extLst?
marker: symbol? size? spPr:spPr? extLst?
dLbls: dLbl* delete? numFmt? spPr:spPr? txPr:text? dLblPos? showLegendKey? showVal? showCatName? showSerName? showPercent? showBubbleSize? separator? showLeaderLines? leaderLines? extLst?
catAx: axId scaling:scaling delete? axPos majorGridlines:lines? minorGridlines:lines? title:title? numFmt? majorTickMark? minorTickMark? tickLblPos? spPr:spPr? txPr:text? crossAx crosses|crossesAt? auto? lblAlgn? lblOffset? tickLblSkip? tickMarkSkip? noMultiLvlLbl? extLst?
valAx: axId scaling:scaling delete? axPos majorGridlines:lines? minorGridlines:lines? title:title? numFmt? majorTickMark? minorTickMark? tickLblPos? spPr:spPr? txPr:text? crossAx crosses|crossesAt? crossBetween? majorUnit? minorUnit? dispUnits? extLst?
scaling: logBase? orientation? max? min? extLst?
lines: spPr:spPr?
legend: legendPos? legendEntry* layout? overlay? spPr:spPr? txPr:text? extLst?
`

// A slot is one place in the order of a type.
type slot struct {
	names       []string
	types       []string // by the side of names; "" is not restyled into
	least, most int
}

var types = parseSchema(schema)

func parseSchema(text string) map[string][]slot {
	all := map[string][]slot{}
	for line := range strings.Lines(text) {
		name, order, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		for word := range strings.FieldsSeq(order) {
			s := slot{least: 1, most: 1}
			switch word[len(word)-1] {
			case '?':
				s.least = 0
			case '*':
				s.least, s.most = 0, 1<<30
			case '+':
				s.most = 1 << 30
			}
			for one := range strings.SplitSeq(strings.TrimRight(word, "?*+"), "|") {
				element, kind, _ := strings.Cut(one, ":")
				s.names, s.types = append(s.names, element), append(s.types, kind)
			}
			all[name] = append(all[name], s)
		}
	}
	return all
}

// place is where the children of an open element have come to.
type place struct {
	name, kind string
	slot       int
	count      int
}

// take finds the slot of a child, or says what is wrong with it.
func (p *place) take(child string) (kind string, err error) {
	if p.kind == "" {
		return "", nil
	}
	order := types[p.kind]
	for at := p.slot; at < len(order); at++ {
		k := slices.Index(order[at].names, child)
		if k < 0 {
			if missed := order[at]; at > p.slot && missed.least > 0 || at == p.slot && p.count < missed.least {
				return "", fmt.Errorf("%s has no %s before %s", p.name, strings.Join(missed.names, " or "), child)
			}
			continue
		}
		if at > p.slot {
			p.slot, p.count = at, 0
		}
		if p.count++; p.count > order[at].most {
			return "", fmt.Errorf("%s has %s twice", p.name, child)
		}
		return order[at].types[k], nil
	}
	return "", fmt.Errorf("%s has %s where it must not stand", p.name, child)
}

// end wants what must still come.
func (p *place) end() error {
	if p.kind == "" {
		return nil
	}
	for at := p.slot; at < len(types[p.kind]); at++ {
		s := types[p.kind][at]
		if at == p.slot && p.count >= s.least {
			continue
		}
		if s.least > 0 {
			return fmt.Errorf("%s has no %s", p.name, strings.Join(s.names, " or "))
		}
	}
	return nil
}

// checkSchema compares a part with the schema, for the types that are listed there.
func checkSchema(part string, data []byte) error {
	d := xml.NewDecoder(strings.NewReader(string(data)))
	var open []place
	for {
		token, err := d.Token()
		if err == io.EOF { //nolint:errorlint // the decoder's own
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			name := element.Name.Local
			kind := ""
			if len(open) == 0 {
				if types[name] == nil {
					return fmt.Errorf("%s: the schema does not know %s", part, name)
				}
				kind = name
			} else if kind, err = open[len(open)-1].take(name); err != nil {
				return fmt.Errorf("%s: %w", part, err)
			}
			open = append(open, place{name: name, kind: kind})
		case xml.EndElement:
			if err := open[len(open)-1].end(); err != nil {
				return fmt.Errorf("%s: %w", part, err)
			}
			open = open[:len(open)-1]
		}
	}
}

// A check that never finds anything is worth nothing.
func TestSchemaFindsFaults(t *testing.T) {
	for name, kinds := range types {
		for _, s := range kinds {
			for _, kind := range s.types {
				if kind != "" && types[kind] == nil {
					t.Errorf("%s speaks of the type %s, which is not there", name, kind)
				}
			}
		}
	}
	for xml, want := range map[string]string{
		`<table><autoFilter/><tableColumns><tableColumn/></tableColumns><tableStyleInfo/></table>`: "",
		`<table><tableColumns><tableColumn/></tableColumns><autoFilter/></table>`:                  "table has autoFilter where it must not stand",
		`<table><tableStyleInfo/></table>`:                                                         "table has no tableColumns before tableStyleInfo",
		`<table/>`:                                                                                 "table has no tableColumns",
		`<table><tableColumns/></table>`:                                                           "tableColumns has no tableColumn",
		`<table><tableColumns><tableColumn/></tableColumns><colour/></table>`:                      "table has colour where it must not stand",
		`<styleSheet><fonts><font><sz/><b/></font></fonts><fonts/></styleSheet>`:                   "styleSheet has fonts twice",
		`<styleSheet><fills><fill><gradientFill/><patternFill/></fill></fills></styleSheet>`:       "fill has patternFill twice",
		`<wsDr><twoCellAnchor><to/></twoCellAnchor></wsDr>`:                                        "twoCellAnchor has no from before to",
	} {
		got := ""
		if err := checkSchema("x", []byte(xml)); err != nil {
			got = strings.TrimPrefix(err.Error(), "x: ")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", xml, got, want)
		}
	}
}
