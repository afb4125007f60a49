package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"
)

// summaryFormat begins the properties of an installer's summary, MS-OLEPS 3.1:
// {F29F85E0-4FF9-1068-AB91-08002B27B3D9}.
var summaryFormat = []byte{0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9}

// Numbers of properties and types, MS-OLEPS 2.15 and 3.1.
const (
	propertyTemplate = 7 // processor and language
	propertyRevision = 9 // the GUID of this very file
	propertyCreated  = 12
	propertySaved    = 13
	typeText         = 0x1e
	typeTime         = 0x40
)

// summary is what an installer's summary shall say.
type summary struct {
	guid  string // of this very file
	at    time.Time
	arm64 bool // otherwise amd64, as wixl writes it
}

// fixSummary writes a chosen GUID and time into an installer's summary, where
// wixl puts a random one and the present, and the processor, of which wixl does
// not know arm64.
func fixSummary(msi []byte, want summary) error {
	errNone := errors.New("wixl made an installer whose summary has an unknown form: compare it with MS-OLEPS")
	i := bytes.Index(msi, summaryFormat)
	if i < 28 || len(msi) < i+20 {
		return errNone
	}
	// The header before the format is 28 bytes, and the section lies at the offset behind it.
	section := i - 28 + int(binary.LittleEndian.Uint32(msi[i+16:]))
	if section < i || section+8 > len(msi) {
		return errNone
	}
	count := int(binary.LittleEndian.Uint32(msi[section+4:]))
	done := 0
	for n := range min(count, 64) {
		row := section + 8 + 8*n
		if row+8 > len(msi) {
			return errNone
		}
		value := section + int(binary.LittleEndian.Uint32(msi[row+4:]))
		if value < section || value+12 > len(msi) {
			return errNone
		}
		if want.fix(msi[value:], binary.LittleEndian.Uint32(msi[row:])) {
			done++
		}
	}
	if done != 4 {
		return errNone
	}
	return nil
}

// fix says whether the property was one of those, and had the right type.
func (s summary) fix(value []byte, number uint32) bool {
	kind := binary.LittleEndian.Uint32(value)
	switch {
	case number == propertyTemplate && kind == typeText:
		return !s.arm64 || setText(value, "Arm64;1033")
	case number == propertyRevision && kind == typeText:
		return setText(value, "{"+s.guid+"}")
	case (number == propertyCreated || number == propertySaved) && kind == typeTime:
		const from1601 = 11_644_473_600 // seconds from there to 1970
		binary.LittleEndian.PutUint64(value[4:], uint64(s.at.Unix()+from1601)*1e7)
		return true
	}
	return false
}

// setText puts a text in the place of another, with what fills it up to a
// multiple of four bytes (MS-OLEPS 2.5): a length, the text, a zero.
func setText(value []byte, text string) bool {
	room := (int(binary.LittleEndian.Uint32(value[4:])) + 3) / 4 * 4
	if len(text)+1 > room || len(value) < 8+room {
		return false
	}
	binary.LittleEndian.PutUint32(value[4:], uint32(len(text)+1))
	clear(value[8 : 8+room])
	copy(value[8:], text)
	return true
}
