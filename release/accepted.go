package release

import "fmt"

// MarshalAccepted gives the file by which the sources branch keeps the newest accepted release of an app; it is sealed
// like a record.
func MarshalAccepted(rel Release) ([]byte, error) {
	if err := rel.Validate(); err != nil {
		return nil, fmt.Errorf("write the accepted release of %s: %w", rel.App, err)
	}
	w := &yamlWriter{}
	w.WriteString("# Written by ferry; do not edit. The newest accepted release of this app.\n")
	w.number(0, "version", RecordVersion)
	w.text(0, "app", rel.App)
	w.release(rel)
	return seal(w.Bytes())
}

// ParseAccepted reads what MarshalAccepted wrote, as strictly as ParseRecord.
func ParseAccepted(data []byte) (Release, error) {
	var rel Release
	err := parseSealed(data, func(r *reader, root *node) {
		version := int64(0)
		r.object(root, "the accepted release",
			field{"version", true, r.number(&version, "the version", checkRecordVersion)},
			field{"app", true, r.text(&rel.App, "the app", checkApp)},
			field{"release", true, func(n *node) { r.release(n, &rel, "the release") }},
		)
	})
	if err == nil {
		err = rel.Validate()
	}
	if err != nil {
		return Release{}, err
	}
	return rel, nil
}
