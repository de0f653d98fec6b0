package helm

import (
	"time"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// times are the functions that know the time of day, or the time zone of the machine. Ours is UTC everywhere.
func (e *entropy) times(lib template.FuncMap) template.FuncMap {
	const day = "2006-01-02"
	inZone := func(function string) func(string, any, string) string {
		return func(layout string, date any, zone string) string {
			return e.moment(function, date).In(location(zone)).Format(layout)
		}
	}
	toDate := func(layout, text string) (time.Time, error) { return time.ParseInLocation(layout, text, time.UTC) }
	round := lib["durationRound"].(func(any) string)
	return template.FuncMap{
		"now":            func() time.Time { e.ask("now"); return e.now },
		"ago":            func(date any) string { return e.since("ago", date).Round(time.Second).String() },
		"date":           func(layout string, date any) string { return inZone("date")(layout, date, "Local") },
		"dateInZone":     inZone("dateInZone"),
		"date_in_zone":   inZone("date_in_zone"),
		"htmlDate":       func(date any) string { return inZone("htmlDate")(day, date, "Local") },
		"htmlDateInZone": func(date any, zone string) string { return inZone("htmlDateInZone")(day, date, zone) },
		"toDate":         func(layout, text string) time.Time { t, _ := toDate(layout, text); return t },
		"mustToDate":     toDate,
		"durationRound": func(d any) string {
			if t, ok := d.(time.Time); ok {
				return round(int64(e.since("durationRound", t)))
			}
			return round(d)
		},
	}
}

// moment reads a date as the functions of the library do: a time, seconds since 1970, and for all else the time of day.
func (e *entropy) moment(function string, date any) time.Time {
	switch date := date.(type) {
	case time.Time:
		return date
	case *time.Time:
		return *date
	case int64:
		return time.Unix(date, 0)
	case int:
		return time.Unix(int64(date), 0)
	case int32:
		return time.Unix(int64(date), 0)
	}
	e.ask(function)
	return e.now
}

func (e *entropy) since(function string, date any) time.Duration {
	e.ask(function)
	return e.now.Sub(e.moment(function, date))
}

func location(zone string) *time.Location {
	if zone == "Local" {
		return time.UTC
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return l
}
