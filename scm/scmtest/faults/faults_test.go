package faults

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// behind serves a forge that counts its calls behind a proxy.
func behind(t *testing.T, p *proxy) (url string, calls *int) {
	t.Helper()
	calls = new(int)
	s := httptest.NewServer(p.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*calls++
		_, _ = io.WriteString(w, `{"number":1}`)
	})))
	t.Cleanup(s.Close)
	return s.URL, calls
}

// ask makes one call over a connection of its own.
func ask(url string) (answer string, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post(url, "application/json", strings.NewReader("{}"))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func schedule(t *testing.T, seed uint64) []string {
	p := &proxy{dice: newDice(seed)}
	url, _ := behind(t, p)
	p.rough(true)
	for range 60 {
		_, _ = ask(url + "/api")
	}
	return p.told()
}

func TestOneSeedIsOneSchedule(t *testing.T) {
	first := schedule(t, 1)
	if !slices.Equal(first, schedule(t, 1)) {
		t.Error("the same seed went another way")
	}
	if slices.Equal(first, schedule(t, 2)) {
		t.Error("two seeds went the same way")
	}
}

// What is said to happen after the forge did its work happens after, and the rest before; only what is slow comes whole.
func TestKinds(t *testing.T) {
	for _, kind := range kinds {
		for seed := range uint64(9) {
			f := kind.make(newDice(seed))
			calls := 0
			forge := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				_, _ = io.WriteString(w, `{"number":1}`)
			})
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(forge, w, r) }))
			answer, err := ask(s.URL)
			s.Close()
			slow := kind.name == "slow"
			if done := strings.HasSuffix(kind.name, " after") || slow; done != (calls == 1) {
				t.Errorf("%s: the forge was called %d times", kind.name, calls)
			}
			if whole := err == nil && answer == `{"number":1}`; whole != slow {
				t.Errorf("%s: %q, %v", kind.name, answer, err)
			}
		}
	}
}

func TestWhatIsLeftAlone(t *testing.T) {
	p := &proxy{dice: newDice(1)}
	url, calls := behind(t, p)
	for range 50 {
		if _, err := ask(url + "/api"); err != nil {
			t.Fatal(err)
		}
	}
	p.rough(true)
	for _, path := range []string{"/acme/gitops.git/info/refs?service=git-receive-pack", "/acme/gitops.git/git-receive-pack"} {
		for range 50 {
			if answer, err := ask(url + path); err != nil || answer == "" {
				t.Fatal(path, err)
			}
		}
	}
	if *calls != 150 || p.bad != 0 {
		t.Errorf("%d calls, %d faults", *calls, p.bad)
	}
}

func TestReplay(t *testing.T) {
	if got, want := replay(t, 17), "FERRY_FAULTS_SEED=17 go test ./scm/scmtest/faults -run '^TestReplay$'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	t.Setenv("FERRY_FAULTS_SEED", "17")
	if got := seeds(t); !slices.Equal(got, []uint64{17}) {
		t.Errorf("%v", got)
	}
}
