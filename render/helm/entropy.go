package helm

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm/template"
)

// entropy is what templates take for chance and for the time of day. No render sees either: it is given a made-up one,
// and when a template has asked for it, the chart is rendered once more with another. Where that changes a manifest, the
// chart does not render to the same bytes twice, and is refused.
type entropy struct {
	rand  *rand.Rand
	now   time.Time
	asked map[string][]string // functions by the template that was being rendered
	in    string              // that template
	seed  string              // what all of it follows from; "" in the two made-up worlds
}

// The two worlds differ in every digit of a date that a chart could print.
func firstWorld() *entropy { return newEntropy(1, time.Date(2013, 2, 3, 4, 5, 6, 7000, time.UTC)) }
func secondWorld() *entropy {
	return newEntropy(2, time.Date(2148, 11, 24, 17, 38, 49, 581000, time.UTC))
}

func newEntropy(seed uint64, now time.Time) *entropy {
	return &entropy{rand: rand.New(rand.NewPCG(seed, seed)), now: now, asked: map[string][]string{}}
}

// seededWorld is the same for one release in one environment: its chance follows from the seed, its time is that of the
// source commit.
func seededWorld(r render.Request) *entropy {
	e := firstWorld()
	e.seed = r.Seed
	if at := r.Release.Source.Time; !at.IsZero() {
		e.now = at.UTC()
	}
	return e
}

// enter begins a template. In a seeded world each has chance of its own, so that what one asks for changes no other.
func (e *entropy) enter(template string) {
	e.in = template
	if e.seed != "" {
		sum := sha256.Sum256([]byte(e.seed + "\x00" + template))
		e.rand = rand.New(rand.NewChaCha8(sum))
	}
}

func (e *entropy) ask(function string) {
	if !slices.Contains(e.asked[e.in], function) {
		e.asked[e.in] = append(e.asked[e.in], function)
	}
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// secrets are the functions that make keys, certificates and salted hashes. What they make has no place in Git.
var secrets = []string{"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
	"genSignedCertWithKey", "bcrypt", "htpasswd", "encryptAES"}

// unseedable leaves of what templates asked for only what no seed makes repeatable.
func unseedable(asked map[string][]string) map[string][]string {
	left := map[string][]string{}
	for template, functions := range asked {
		if some := slices.DeleteFunc(slices.Clone(functions), func(f string) bool { return f != addresses && !slices.Contains(secrets, f) }); len(some) > 0 {
			left[template] = some
		}
	}
	return left
}

// functions replace those that are chance. Keys, certificates and salted hashes are made as ever: nothing of them can stay.
func (e *entropy) functions(lib template.FuncMap) template.FuncMap {
	funcs := template.FuncMap{
		"randAlpha":    e.text("randAlpha", letters),
		"randNumeric":  e.text("randNumeric", digits),
		"randAlphaNum": e.text("randAlphaNum", letters+digits),
		"randAscii":    e.text("randAscii", printable()),
		"randInt":      e.number,
		"randBytes":    e.bytes,
		"shuffle":      e.shuffle,
		"uuidv4":       e.uuid,
	}
	for _, name := range secrets {
		funcs[name] = intercept(lib[name], func([]any) error { e.ask(name); return nil }, nil)
	}
	return funcs
}

func printable() string {
	var b strings.Builder
	for c := ' '; c <= '~'; c++ {
		b.WriteRune(c)
	}
	return b.String()
}

func (e *entropy) text(name, alphabet string) func(int) string {
	return func(n int) string {
		e.ask(name)
		text := make([]byte, max(n, 0))
		for i := range text {
			text[i] = alphabet[e.rand.IntN(len(alphabet))]
		}
		return string(text)
	}
}

func (e *entropy) number(low, high int) (int, error) {
	e.ask("randInt")
	if high <= low {
		return 0, fmt.Errorf("there is no number from %d to %d", low, high)
	}
	return low + e.rand.IntN(high-low), nil
}

func (e *entropy) raw(n int) []byte {
	raw := make([]byte, 0, n+8)
	for len(raw) < n {
		raw = binary.LittleEndian.AppendUint64(raw, e.rand.Uint64())
	}
	return raw[:n]
}

func (e *entropy) bytes(n int) (string, error) {
	e.ask("randBytes")
	return base64.StdEncoding.EncodeToString(e.raw(max(n, 0))), nil
}

func (e *entropy) shuffle(s string) string {
	e.ask("shuffle")
	runes := []rune(s)
	e.rand.Shuffle(len(runes), func(i, j int) { runes[i], runes[j] = runes[j], runes[i] })
	return string(runes)
}

func (e *entropy) uuid() string {
	e.ask("uuidv4")
	u := e.raw(16)
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
