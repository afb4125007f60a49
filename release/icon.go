package main

import (
	"image"
	"image/color"
	"math"
)

// icon draws the program's icon at a size in pixels: a rounded square with three bars, as for
// a received signal, the tallest one green.
func icon(size int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	const samples = 4 // in each direction of a pixel, for smooth edges
	for y := range size {
		for x := range size {
			var r, g, b, a float64
			for s := range samples * samples {
				px := (float64(x) + (float64(s%samples)+0.5)/samples) / float64(size)
				py := (float64(y) + (float64(s/samples)+0.5)/samples) / float64(size)
				c := colourAt(px, py)
				r, g, b, a = r+float64(c.R)*float64(c.A), g+float64(c.G)*float64(c.A), b+float64(c.B)*float64(c.A), a+float64(c.A)
			}
			if a > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a / samples / samples)})
			}
		}
	}
	return img
}

// colourAt is the icon's colour at a place with coordinates from 0 to 1.
func colourAt(x, y float64) color.NRGBA {
	if !inRounded(x, y, 0.02, 0.02, 0.98, 0.98, 0.2) {
		return color.NRGBA{}
	}
	for i, bar := range []color.NRGBA{{0x9f, 0xc5, 0xe8, 0xff}, {0xcf, 0xe2, 0xf3, 0xff}, {0x6a, 0xd0, 0x8a, 0xff}} {
		left := 0.2 + 0.22*float64(i)
		if inRounded(x, y, left, 0.62-0.2*float64(i), left+0.16, 0.82, 0.05) {
			return bar
		}
	}
	return color.NRGBA{0x1c, 0x45, 0x87, 0xff}
}

// inRounded says whether a place lies in a rectangle with rounded corners.
func inRounded(x, y, left, top, right, bottom, radius float64) bool {
	dx := math.Max(math.Max(left+radius-x, x-right+radius), 0)
	dy := math.Max(math.Max(top+radius-y, y-bottom+radius), 0)
	return dx*dx+dy*dy <= radius*radius
}
