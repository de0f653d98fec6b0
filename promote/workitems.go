package promote

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/ferry-cd/ferry/scm"
)

// workItem is how tickets name a work item of Azure DevOps: AB#12 in texts, 12 where the pattern takes the number alone.
var workItem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:AB)?#?([0-9]{1,9})$`)
})

// link shows a pull request with the pieces of work that it is about, on forges that plan work too. A ticket that is none
// there is no reason not to have the pull request.
func (p *Promoter) link(ctx context.Context, d *Done) {
	forge, able := p.Forge.(scm.Linker)
	if !able {
		return
	}
	var ids []int
	for _, c := range d.Changes {
		for _, ticket := range slices.Concat(c.To.Release.Tickets, c.Tickets) {
			if m := workItem().FindStringSubmatch(ticket); m != nil {
				id, _ := strconv.Atoi(m[1]) // nine digits fit
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return
	}
	if err := forge.LinkWorkItems(ctx, d.PullRequest.Number, ids); err != nil {
		p.say("notice: pull request #%d: %v", d.PullRequest.Number, err)
	}
}
