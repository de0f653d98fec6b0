package scm

import (
	"errors"
	"iter"
	"strings"
)

// echoes is how often an account says the same words again after somebody else did. Whoever has said them that often has
// been heard: two accounts that go by turns must not fill a commit's history, which ends at 1000 on GitHub.
const echoes = 3

// Said tells, for drivers, whether a status need not be posted: whether the newest of its context says the same and this
// account said it. Somebody else's words, however alike, are not ours: who trusts this account alone would not hear them.
// history is newest first; self is asked only where the words are the same. What nobody can tell the author of, because
// the forge does not say it or because the credentials may not ask for self, is taken for another's, and still counts among the echoes.
func Said(history iter.Seq[Status], want Status, self func() (string, error)) (bool, error) {
	times, me, asked := 0, "", false
	for s := range history {
		switch {
		case s.Context != want.Context:
			continue
		case !s.Alike(want):
			return false, nil
		}
		newest := !asked
		if newest {
			var err error
			if me, err = self(); err != nil && !errors.Is(err, ErrForbidden) {
				return false, err
			}
			asked = true
		}
		known := me != "" && s.Creator != ""
		ours := known && strings.EqualFold(me, s.Creator) // forges do not distinguish case in the names of accounts
		if ours || !known {
			times++
		}
		if newest && ours || times == echoes {
			return true, nil
		}
	}
	return false, nil
}

// Alike tells whether two statuses say the same in the same context, whoever said it and when.
func (s Status) Alike(o Status) bool {
	return s.Context == o.Context && s.State == o.State && s.Text == o.Text && s.URL == o.URL
}
