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
	propertyRevision = 9 // the GUID of this very file
	propertyCreated  = 12
	propertySaved    = 13
	typeText         = 0x1e
	typeTime         = 0x40
)

// fixSummary writes a chosen GUID and time into an installer's summary, where
// wixl puts a random one and the present.
func fixSummary(msi []byte, guid string, at time.Time) error {
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
		if fixProperty(msi[value:], binary.LittleEndian.Uint32(msi[row:]), guid, at) {
			done++
		}
	}
	if done != 3 {
		return errNone
	}
	return nil
}

// fixProperty says whether the property was one of those, and had the right type.
func fixProperty(value []byte, number uint32, guid string, at time.Time) bool {
	kind := binary.LittleEndian.Uint32(value)
	switch {
	case number == propertyRevision && kind == typeText:
		text := "{" + guid + "}"
		if int(binary.LittleEndian.Uint32(value[4:])) < len(text) || len(value) < 8+len(text) {
			return false
		}
		copy(value[8:], text)
		return true
	case (number == propertyCreated || number == propertySaved) && kind == typeTime:
		const from1601 = 11_644_473_600 // seconds from there to 1970
		binary.LittleEndian.PutUint64(value[4:], uint64(at.Unix()+from1601)*1e7)
		return true
	}
	return false
}
