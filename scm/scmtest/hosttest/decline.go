package hosttest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/git/gittest"
)

// Push is a branch that somebody wants to move.
type Push struct {
	Branch, User string
	Now          string // "" where it would be deleted
}

// Refusal is how a server declines to move a branch.
type Refusal struct {
	Said   string // beside the report: git shows it with "remote:" before each line
	Reason string // in the report
}

// declined asks for every branch that a push names, and answers in the server's place where one must not move: then none
// does.
func (r *Repo) declined(w http.ResponseWriter, req *http.Request, user string) bool {
	r.mu.Lock()
	f := r.refuse
	r.mu.Unlock()
	if f == nil {
		return false
	}
	commands, aside := commandsOf(gittest.Body(req))
	var no *Refusal
	for _, p := range commands {
		if p.User = user; no == nil {
			no = f(p)
		}
	}
	if no == nil {
		return false
	}
	w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
	_, _ = w.Write(no.answer(commands, aside))
	return true
}

// commandsOf reads what a push wants of branches, and whether the pusher hears what is said beside the report: pkt-lines
// until a flush (gitprotocol-pack(5)).
func commandsOf(body []byte) (all []Push, aside bool) {
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil || n < 4 || int(n) > len(body) {
			return all, aside
		}
		command, abilities, _ := bytes.Cut(body[4:n], []byte{0})
		aside = aside || bytes.Contains(abilities, []byte("side-band-64k"))
		if fields := strings.Fields(string(command)); len(fields) == 3 {
			if branch, ok := strings.CutPrefix(fields[2], "refs/heads/"); ok {
				now := fields[1]
				if strings.Trim(now, "0") == "" {
					now = ""
				}
				all = append(all, Push{Branch: branch, Now: now})
			}
		}
		body = body[n:]
	}
	return all, aside
}

// answer is the report in which every command fails.
func (no *Refusal) answer(commands []Push, aside bool) []byte {
	var report bytes.Buffer
	report.WriteString(line("unpack ok\n"))
	for _, p := range commands {
		report.WriteString(line("ng refs/heads/" + p.Branch + " " + no.Reason + "\n"))
	}
	report.WriteString("0000")
	if !aside {
		return report.Bytes()
	}
	return []byte(line("\x02"+no.Said+"\n") + line("\x01"+report.String()) + "0000")
}

func line(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
