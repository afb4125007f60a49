package thresholds

import (
	"math/rand/v2"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
)

// at gives the far end an address.
func (m *made) at(target string) { m.Path.Target, m.Path.Via = target, facts.ViaGateway }

const (
	dataCentre  = "10.200.3.4:5004"
	onTheNet    = "203.0.113.9:5004"
	dataCentre6 = "[fd12:3456::9]:5004"
)

// A company's own data centre over its wide-area network: its faults were blamed on the
// provider of Internet access. Each with its counterpart, where that one is right.
func TestPrivateFarEndIsNotTheProviders(t *testing.T) {
	queue := func(m *made, hop func(*made)) {
		hop(m)
		m.queue(Up, 8, 22, func() float64 { return 150 + m.Float64()*100 }, func() float64 { return 2 + m.Float64()*3 })
		m.discard(Up)
	}
	fast := func(m *made) { m.route(none, noRise) }
	for name, test := range map[string]struct {
		plant func(*made)
		want  string
		place string
	}{
		"loss behind the gateway":                {func(m *made) { m.at(dataCentre); m.atRandom(Up, 0.05) }, "beyond", PlaceBeyond},
		"the same over IPv6":                     {func(m *made) { m.at(dataCentre6); m.atRandom(Up, 0.05) }, "beyond", PlaceBeyond},
		"the same to a shared address":           {func(m *made) { m.at("100.70.1.1:5004"); m.atRandom(Up, 0.05) }, "beyond", PlaceBeyond},
		"the same to a public address":           {func(m *made) { m.at(onTheNet); m.atRandom(Up, 0.05) }, "beyond", PlaceBeyond},
		"the same to an unknown address":         {func(m *made) { m.atRandom(Up, 0.05) }, "beyond", PlaceBeyond},
		"loss behind a router that answers well": {func(m *made) { m.at(dataCentre); m.route(none, noRise); m.atRandom(Up, 0.05) }, "past_line", PlaceBeyond},
		"the same, with a private address": {func(m *made) {
			m.at(dataCentre)
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.9.0.1"
			m.atRandom(Up, 0.05)
		}, "past_line", PlaceBeyond},
		"the same, on the way to a public address": {func(m *made) {
			m.at(onTheNet)
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.9.0.1"
			m.atRandom(Up, 0.05)
		}, "untold", PlaceUnknown},
		"loss in the LAN":                                {func(m *made) { m.at(dataCentre); m.loseInLAN() }, "lan", PlaceLAN},
		"copies behind the gateway":                      {func(m *made) { m.at(dataCentre); m.Voice.Down.Duplicates = 500 }, "duplicates_beyond", PlaceBeyond},
		"copies behind the gateway, to a public address": {func(m *made) { m.at(onTheNet); m.Voice.Down.Duplicates = 500 }, "duplicates_beyond", PlaceBeyond},
		"a queue behind the first router":                {func(m *made) { m.at(dataCentre); queue(m, fast); m.Path.Hops[1].Address = "10.9.0.1" }, "queue_beyond", PlaceBeyond},
		"the same, to a public address":                  {func(m *made) { m.at(onTheNet); queue(m, fast) }, "queue_beyond", PlaceBeyond},
		"a neighbour with a private address":             {func(m *made) { m.at(dataCentre); m.neighbour(); m.atRandom(Up, 0.05) }, "neighbour", PlaceLAN},
	} {
		t.Run(name, func(t *testing.T) { isNamedFirst(t, test.plant, test.want, test.place, nil) })
	}
}

// Nothing that is said of a private far end sends anybody to the provider first.
func TestPrivateFarEndHasItsOwnAdvice(t *testing.T) {
	m := sound(rand.New(rand.NewPCG(seed.Of(t), 1)))
	m.at(dataCentre)
	m.atRandom(Up, 0.05)
	for _, f := range Default().Judge(m.Result) {
		if strings.Contains(strings.ToLower(f.Text+f.Advice+f.Show), "ask the provider") || strings.Contains(f.Show, showProvider) {
			t.Errorf("%+v", f)
		}
		if f.What == WhatCause && (f.Show != showWAN || !strings.Contains(f.Text, "wide-area network")) {
			t.Errorf("%+v", f)
		}
	}
}

// Two translators in series, of which none has an address of 100.64.0.0/10: the customer's
// firewall was blamed for the mapping that the provider's may have lost.
func TestSecondTranslatorIsNotTheFirewalls(t *testing.T) {
	second := func(m *made, address string) {
		m.Machine.Interface.Gateway = "192.168.1.1"
		m.route(none, noRise)
		m.Path.Hops[1].Address = address
		m.change(12.4, false)
		m.lose(Down, at(12, 30))
	}
	for name, test := range map[string]struct {
		plant func(*made)
		want  string
		place string
	}{
		"a router of another private network": {func(m *made) { second(m, "10.64.0.1") }, "nat_somewhere", PlaceUnknown},
		"the same, of an anonymous result": {func(m *made) {
			second(m, "")
			m.Path.Hops[0].Address, m.Path.Hops[1].Scope, m.Machine.Interface.Gateway = "", facts.ScopePrivate, ""
		}, "nat_somewhere", PlaceUnknown},
		"a state that either may have dropped": {func(m *made) {
			m.route(none, noRise)
			m.Path.Hops[1].Address = "10.64.0.1"
			m.falls(5 + m.IntN(10))
		}, "nat_somewhere", PlaceUnknown},
		"a second router of the same network": {func(m *made) { second(m, "192.168.1.254") }, "mapping_lost", PlaceFirewall},
		"a router with a public address":      {func(m *made) { second(m, "198.51.100.1") }, "mapping_lost", PlaceFirewall},
		"a private far end":                   {func(m *made) { second(m, "10.64.0.1"); m.at(dataCentre) }, "mapping_lost", PlaceFirewall},
	} {
		t.Run(name, func(t *testing.T) { isNamedFirst(t, test.plant, test.want, test.place, nil) })
	}
}
