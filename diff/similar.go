package diff

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// Generated resources carry what they hold in their names, so that every change is a new one beside the old: ConfigMaps and
// Secrets with a hash suffix, Jobs with a version. They are paired within one kind, namespace and stem of the name: the only
// two there are in any case, of several those whose lines are most alike.

// mostLikeness bounds the work of comparing the members of one family: pairs times lines.
const mostLikeness = 4 << 20

type family struct {
	group, kind, namespace, stem string
}

// renames pairs what is gone with what has come; those without a partner come back alone.
func renames(gone, come []*member) []couple {
	families := map[family][]*member{}
	for _, m := range come {
		f := familyOf(m)
		families[f] = append(families[f], m)
	}
	old := map[family][]*member{}
	var order []family
	for _, m := range gone {
		f := familyOf(m)
		if old[f] == nil {
			order = append(order, f)
		}
		old[f] = append(old[f], m)
	}
	var pairs []couple
	for _, f := range order {
		pairs = append(pairs, pairFamily(old[f], families[f])...)
		delete(families, f)
	}
	for _, m := range come {
		if families[familyOf(m)] != nil {
			pairs = append(pairs, couple{new: m})
		}
	}
	return pairs
}

// familyOf names those that may be one resource under different names; for most it has one member.
func familyOf(m *member) family {
	return family{m.id.Group, m.id.Kind, m.id.Namespace, stem(m.id)}
}

// stem is the name without its generated suffix.
func stem(id render.Identity) string {
	switch {
	case id.Group == "" && (id.Kind == "ConfigMap" || id.Kind == "Secret"):
		return hashStem(id.Name)
	case id.Group == "batch" && id.Kind == "Job":
		return jobStem(id.Name)
	}
	return "=" + id.Name
}

// hashStem cuts a last part that kustomize or a chart made of a hash.
func hashStem(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 || !isHash(name[i+1:]) {
		return name
	}
	return name[:i]
}

// isHash matches the ten letters of a kustomize hash, which have no vowels, and hexadecimal digits that are no word.
func isHash(s string) bool {
	if len(s) == 10 && strings.Trim(s, "2456789bcdfghkmt") == "" {
		return true
	}
	return len(s) >= 6 && strings.Trim(s, "0123456789abcdef") == "" && strings.ContainsAny(s, "0123456789")
}

// jobStem cuts last parts that tell runs or versions apart: db-migrate-1-4-0, seed-3f9a2c1, load.v2.
func jobStem(name string) string {
	for {
		i := strings.LastIndexAny(name, "-.")
		if i <= 0 || !strings.ContainsAny(name[i+1:], "0123456789") && !isHash(name[i+1:]) {
			return name
		}
		name = name[:i]
	}
}

// pairFamily pairs the members of one family; alone where there is nobody like them.
func pairFamily(gone, come []*member) []couple {
	if len(gone) == 1 && len(come) == 1 {
		return []couple{{gone[0], come[0]}}
	}
	var pairs []couple
	takenOld, takenNew := make([]bool, len(gone)), make([]bool, len(come))
	for _, l := range likenesses(gone, come) {
		if !takenOld[l.i] && !takenNew[l.j] {
			takenOld[l.i], takenNew[l.j] = true, true
			pairs = append(pairs, couple{gone[l.i], come[l.j]})
		}
	}
	for i, m := range gone {
		if !takenOld[i] {
			pairs = append(pairs, couple{old: m})
		}
	}
	for j, m := range come {
		if !takenNew[j] {
			pairs = append(pairs, couple{new: m})
		}
	}
	return pairs
}

// likeness says how many of a hundred lines two resources share.
type likeness struct{ i, j, percent int }

// leastLikeness is what two resources must share to be taken for one; the frame that all of a kind have is a third of many.
const leastLikeness = 50

// likenesses are the pairs that may be one resource, the most alike first. A family too large to compare gets none.
func likenesses(gone, come []*member) []likeness {
	if len(gone) == 0 || len(come) == 0 {
		return nil
	}
	old, oldLines := hashLines(gone)
	new, newLines := hashLines(come)
	if oldLines*len(come)+newLines*len(gone) > mostLikeness {
		return nil
	}
	var all []likeness
	for i := range old {
		for j := range new {
			if p := alike(old[i], new[j]); p >= leastLikeness {
				all = append(all, likeness{i, j, p})
			}
		}
	}
	slices.SortFunc(all, func(a, b likeness) int {
		return cmp.Or(cmp.Compare(b.percent, a.percent), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	return all
}

// hashLines gives the sorted hashes of each one's lines, but for the line that names it.
func hashLines(ms []*member) (hashes [][]uint64, total int) {
	hashes = make([][]uint64, len(ms))
	for i, m := range ms {
		for line := range bytes.SplitSeq(m.Data, []byte("\n")) {
			if len(line) > 0 && !bytes.HasSuffix(line, []byte(m.Name)) {
				hashes[i] = append(hashes[i], fnv(line))
			}
		}
		slices.Sort(hashes[i])
		total += len(hashes[i])
	}
	return hashes, total
}

func alike(a, b []uint64) int {
	common, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	return 200 * common / max(1, len(a)+len(b))
}

// fnv is the 64-bit FNV-1a hash.
func fnv(data []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range data {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
