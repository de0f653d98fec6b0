package gates

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/ferry-cd/ferry/environments"
)

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func utc(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func window(t testing.TB, zone, from, to string, days ...time.Weekday) environments.Window {
	t.Helper()
	wall := func(s string) time.Duration {
		if s == "24:00" {
			return 24 * time.Hour
		}
		v, err := time.Parse("15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return environments.Window{Days: days, From: wall(from), To: wall(to), Zone: mustZone(t, zone)}
}

// The clocks change in Berlin on 2026-03-29 (02:00 -> 03:00) and 2026-10-25 (03:00 -> 02:00), both at 01:00 UTC; in New
// York on 2026-03-08 (02:00 -> 03:00, 07:00 UTC) and 2026-11-01 (02:00 -> 01:00, 06:00 UTC). Every row was worked out
// by hand; next is the moment of opening when it is closed.
func TestWindow(t *testing.T) {
	const berlin, newYork = "Europe/Berlin", "America/New_York"
	workdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday}
	tests := []struct {
		name           string
		zone, from, to string
		days           []time.Weekday
		now            string // UTC
		open           bool
		next           string // UTC
	}{
		{"first second, winter", berlin, "09:00", "16:00", workdays, "2026-01-12 08:00:00", true, ""},
		{"second before", berlin, "09:00", "16:00", workdays, "2026-01-12 07:59:59", false, "2026-01-12 08:00:00"},
		{"last second", berlin, "09:00", "16:00", workdays, "2026-01-12 14:59:59", true, ""},
		{"half-open", berlin, "09:00", "16:00", workdays, "2026-01-12 15:00:00", false, "2026-01-13 08:00:00"},
		{"summer", berlin, "09:00", "16:00", workdays, "2026-07-13 07:00:00", true, ""},
		{"Thursday evening waits for Monday", berlin, "09:00", "16:00", workdays, "2026-01-15 15:00:00", false, "2026-01-19 08:00:00"},
		{"over the weekend the clocks change", berlin, "09:00", "16:00", workdays, "2026-03-26 15:00:00", false, "2026-03-30 07:00:00"},
		{"the zone's day decides, not UTC's", newYork, "00:00", "24:00", []time.Weekday{time.Sunday}, "2026-01-12 04:59:59", true, ""},
		{"and ends with it", newYork, "00:00", "24:00", []time.Weekday{time.Sunday}, "2026-01-12 05:00:00", false, "2026-01-18 05:00:00"},
		{"one minute", berlin, "12:00", "12:01", nil, "2026-01-12 11:00:59", true, ""},
		{"one minute later", berlin, "12:00", "12:01", nil, "2026-01-12 11:01:00", false, "2026-01-13 11:00:00"},
		{"leap day", berlin, "09:00", "10:00", []time.Weekday{time.Tuesday}, "2028-02-29 08:30:00", true, ""},

		{"past midnight, evening", berlin, "22:00", "04:00", []time.Weekday{time.Friday}, "2026-01-16 21:00:00", true, ""},
		{"past midnight, at midnight", berlin, "22:00", "04:00", []time.Weekday{time.Friday}, "2026-01-16 23:00:00", true, ""},
		{"past midnight, next morning", berlin, "22:00", "04:00", []time.Weekday{time.Friday}, "2026-01-17 02:59:59", true, ""},
		{"past midnight, over", berlin, "22:00", "04:00", []time.Weekday{time.Friday}, "2026-01-17 03:00:00", false, "2026-01-23 21:00:00"},
		{"the morning before belongs to Thursday", berlin, "22:00", "04:00", []time.Weekday{time.Friday}, "2026-01-16 02:00:00", false, "2026-01-16 21:00:00"},
		{"Saturday night runs into Sunday", berlin, "22:00", "04:00", []time.Weekday{time.Saturday}, "2026-01-18 01:00:00", true, ""},
		{"equal ends are a whole day", berlin, "06:00", "06:00", []time.Weekday{time.Monday}, "2026-01-13 04:59:59", true, ""},
		{"and no more", berlin, "06:00", "06:00", []time.Weekday{time.Monday}, "2026-01-13 05:00:00", false, "2026-01-19 05:00:00"},

		{"Berlin spring: 02:30 does not happen, it opens at 03:00", berlin, "02:30", "04:00", nil, "2026-03-29 00:59:59", false, "2026-03-29 01:00:00"},
		{"Berlin spring: open at 03:00", berlin, "02:30", "04:00", nil, "2026-03-29 01:00:00", true, ""},
		{"Berlin spring: closes at 04:00", berlin, "02:30", "04:00", nil, "2026-03-29 02:00:00", false, "2026-03-30 00:30:00"},
		{"Berlin spring: the lost hour is skipped", berlin, "02:00", "03:00", nil, "2026-03-29 00:59:59", false, "2026-03-30 00:00:00"},
		{"Berlin spring: lost on its only day, a week later", berlin, "02:00", "03:00", []time.Weekday{time.Sunday}, "2026-03-28 12:00:00", false, "2026-04-05 00:00:00"},
		{"Berlin spring: a night is an hour shorter", berlin, "22:00", "06:00", nil, "2026-03-29 03:59:59", true, ""},
		{"Berlin spring: and over", berlin, "22:00", "06:00", nil, "2026-03-29 04:00:00", false, "2026-03-29 20:00:00"},
		{"Berlin autumn: first 02:30", berlin, "02:00", "03:00", nil, "2026-10-25 00:30:00", true, ""},
		{"Berlin autumn: second 02:30", berlin, "02:00", "03:00", nil, "2026-10-25 01:30:00", true, ""},
		{"Berlin autumn: over at 03:00", berlin, "02:00", "03:00", nil, "2026-10-25 02:00:00", false, "2026-10-26 01:00:00"},
		{"Berlin autumn: closed between the two", berlin, "01:00", "02:30", nil, "2026-10-25 00:30:00", false, "2026-10-25 01:00:00"},
		{"Berlin autumn: open again when the clock is put back", berlin, "01:00", "02:30", nil, "2026-10-25 01:00:00", true, ""},
		{"Berlin autumn: a night is an hour longer", berlin, "22:00", "06:00", nil, "2026-10-25 04:59:59", true, ""},

		{"New York spring: before", newYork, "01:00", "03:00", nil, "2026-03-08 06:59:59", true, ""},
		{"New York spring: 03:00 follows 01:59", newYork, "01:00", "03:00", nil, "2026-03-08 07:00:00", false, "2026-03-09 05:00:00"},
		{"New York spring: the lost half hour", newYork, "02:15", "02:45", nil, "2026-03-08 06:00:00", false, "2026-03-09 06:15:00"},
		{"New York autumn: first 01:30", newYork, "01:30", "02:00", nil, "2026-11-01 05:30:00", true, ""},
		{"New York autumn: second 01:00", newYork, "01:30", "02:00", nil, "2026-11-01 06:00:00", false, "2026-11-01 06:30:00"},
		{"New York autumn: second 01:30", newYork, "01:30", "02:00", nil, "2026-11-01 06:30:00", true, ""},
		{"New York autumn: over", newYork, "01:30", "02:00", nil, "2026-11-01 07:00:00", false, "2026-11-02 06:30:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, now := window(t, tt.zone, tt.from, tt.to, tt.days...), utc(t, tt.now)
			if got := open(w, now); got != tt.open {
				t.Errorf("open = %v, want %v", got, tt.open)
			}
			if tt.open {
				return
			}
			if got := nextOpen([]environments.Window{w}, now); !got.Equal(utc(t, tt.next)) {
				t.Errorf("opens at %s, want %s", got.UTC(), tt.next)
			}
		})
	}
}

// zones with every kind of oddity: half hours, midnight changes, half-hour daylight saving, a skipped day in history.
var oddZones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut",
	"Africa/Cairo", "America/Santiago", "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca"}

// nextOpen equals looking at every minute.
func TestNextOpenAgainstEveryMinute(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		name := oddZones[r.IntN(len(oddZones))]
		w := environments.Window{Zone: mustZone(t, name)}
		w.From, w.To = time.Duration(r.IntN(96))*15*time.Minute, time.Duration(r.IntN(97))*15*time.Minute
		for d := range time.Weekday(7) {
			if r.IntN(5) == 0 {
				w.Days = append(w.Days, d)
			}
		}
		// Half of the seeds begin within two days before a change of clocks.
		now := utc(t, "2026-01-01 00:00:00").Add(time.Duration(r.IntN(365*24*60)) * time.Minute)
		if _, change := now.In(w.Zone).ZoneBounds(); seed%2 == 0 && !change.IsZero() {
			now = change.Add(-time.Duration(r.IntN(48*60)) * time.Minute).Truncate(time.Minute).UTC()
		}
		want := now.Add(time.Minute)
		for !open(w, want) {
			want = want.Add(time.Minute)
		}
		if !open(w, now) {
			if got := nextOpen([]environments.Window{w}, now); !got.Equal(want) {
				t.Fatalf("seed %d: %s from %s: opens %s, want %s", seed, describe(w), now, got.UTC(), want)
			}
		}
	}
}

func TestFreeze(t *testing.T) {
	holidays := environments.Freeze{From: "2026-12-20", To: "2027-01-03", Zone: mustZone(t, "Europe/Berlin"), Reason: "holidays"}
	dayOfChange := environments.Freeze{From: "2026-10-25", To: "2026-10-25", Zone: mustZone(t, "Europe/Berlin")}
	inNewYork := environments.Freeze{From: "2026-11-01", To: "2026-11-01", Zone: mustZone(t, "America/New_York")}
	noZone := environments.Freeze{From: "2026-05-01", To: "2026-05-01"}
	tests := []struct {
		name   string
		f      environments.Freeze
		now    string
		frozen bool
	}{
		{"second before", holidays, "2026-12-19 22:59:59", false},
		{"first second", holidays, "2026-12-19 23:00:00", true},
		{"over the year's end", holidays, "2027-01-01 00:00:00", true},
		{"last second", holidays, "2027-01-03 22:59:59", true},
		{"over", holidays, "2027-01-03 23:00:00", false},
		{"Berlin autumn: begins in summer time", dayOfChange, "2026-10-24 22:00:00", true},
		{"Berlin autumn: ends in winter time", dayOfChange, "2026-10-25 22:59:59", true},
		{"Berlin autumn: over", dayOfChange, "2026-10-25 23:00:00", false},
		{"New York autumn: begins in summer time", inNewYork, "2026-11-01 04:00:00", true},
		{"New York autumn: before", inNewYork, "2026-11-01 03:59:59", false},
		{"New York autumn: ends in winter time", inNewYork, "2026-11-02 04:59:59", true},
		{"New York autumn: over", inNewYork, "2026-11-02 05:00:00", false},
		{"without a zone it is UTC's day", noZone, "2026-05-01 23:59:59", true},
		{"without a zone, over", noZone, "2026-05-02 00:00:00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := utc(t, tt.now)
			if got := frozen(tt.f, now); got != tt.frozen {
				t.Errorf("frozen = %v, want %v", got, tt.frozen)
			}
			if end := thaw(tt.f); frozen(tt.f, end) || !frozen(tt.f, end.Add(-time.Nanosecond)) {
				t.Errorf("thaw says %s, which is not its end", end.UTC())
			}
		})
	}
}

// A day begins where its date is first shown, also where the clocks change at midnight.
func TestFirstMoment(t *testing.T) {
	for _, name := range oddZones {
		z := mustZone(t, name)
		for date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() == 2026; date = date.AddDate(0, 0, 1) {
			first := firstMoment(date, z)
			before := first.Add(-time.Nanosecond)
			want := date.Format(time.DateOnly)
			if first.Format(time.DateOnly) != want || before.Format(time.DateOnly) >= want {
				t.Errorf("%s begins in %s at %s", want, name, first)
			}
		}
	}
	if got := firstMoment(utc(t, "2011-12-30 00:00:00"), mustZone(t, "Pacific/Apia")); !got.Equal(utc(t, "2011-12-30 10:00:00")) {
		t.Errorf("Samoa had no 30th; what follows the 29th begins at %s", got.UTC())
	}
	if frozen(environments.Freeze{From: "bad", To: "bad"}, utc(t, "2026-01-01 00:00:00")) || !thaw(environments.Freeze{To: "bad"}).IsZero() {
		t.Error("a date that cannot be read freezes nothing and ends never")
	}
}
