package connector_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/connectortest"
	"github.com/ferry-cd/ferry/git"
)

// The loop wakes for the cluster, for a webhook and for time, and ends when it is told to.
func TestRunWakesAndStops(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.inMemory()
	first := w.promote("dev", "shop", 1)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		news := connectortest.New(w.kustomization("shop", "dev/shop", "0000000000000000000000000000000000000000"))
		o := w.options
		o.Cluster, o.Now, o.Counter = news, time.Now, nil
		w.memory.now = time.Now
		c, err := connector.New(o)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { c.Run(ctx); close(done) }()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		w.expect(first, devShop, "pending")

		news.Set(w.kustomization("shop", "dev/shop", first))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		w.expect(first, devShop, "success")

		second := w.promote("dev", "shop", 2)
		news.Set(w.kustomization("shop", "dev/shop", second))
		c.Wake("acme/gitops")
		time.Sleep(10 * time.Second) // long before heads are looked at by themselves
		synctest.Wait()
		w.expect(second, devShop, "success")
		if s := c.State(); len(s.Repositories) != 1 || len(s.Repositories[0].Verdicts) == 0 || !s.Leading || !s.Synced {
			t.Errorf("state %+v", s)
		}
		stop()
		<-done
	})
}

// What cannot work is refused at once.
func TestNewRefusesWhatCannotWork(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	for name, spoil := range map[string]func(*connector.Options){
		"no cluster": func(o *connector.Options) { o.Cluster = nil },
		"no forge":   func(o *connector.Options) { o.Repositories[0].Forge.Forge = nil },
		"no name":    func(o *connector.Options) { o.Repositories[0].Forge.Name = "" },
		"no opener":  func(o *connector.Options) { o.Repositories[0].Open = nil },
	} {
		o := w.options
		o.Repositories = append([]connector.Repository{}, o.Repositories...)
		spoil(&o)
		if _, err := connector.New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A repository that cannot be opened is told and tried again, ever more rarely.
func TestAnUnreachableRepositoryIsTriedAgain(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	open, tries, mended := w.options.Repositories[0].Open, 0, w.clock().Add(time.Hour)
	w.options.Repositories[0].Open = func(ctx context.Context) (*git.Repository, error) {
		if tries++; w.clock().Before(mended) {
			return nil, git.ErrUnreachable
		}
		return open(ctx)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(30 * time.Minute)
	if p := w.c.State().Repositories[0].Problem; p == "" || tries > 30 {
		t.Errorf("problem %q after %d tries", p, tries)
	}
	w.run(time.Hour)
	w.expect(first, devShop, "success")
}

// A forge that is down at the start keeps its own repository waiting, and is asked ever more rarely; the others go on.
func TestAForgeThatIsDownAtTheStart(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	here := w.options.Repositories[0]
	forge, tries, mended := here.Forge, 0, w.clock().Add(time.Hour)
	here.Name, here.Forge = "acme/late", connector.Destination{}
	here.Connect = func(context.Context) (connector.Destination, error) {
		if tries++; w.clock().Before(mended) {
			return connector.Destination{}, git.ErrUnreachable
		}
		return forge, nil
	}
	quiet := w.options.Repositories[0]
	quiet.Environments = []string{"prod"}
	w.options.Repositories = []connector.Repository{quiet, here}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(30 * time.Minute)
	s := w.c.State().Repositories
	if s[0].Problem != "" || s[0].Evaluated.IsZero() || s[1].Problem == "" || tries < 3 || tries > 30 {
		t.Errorf("after %d tries: %+v", tries, s)
	}
	w.expect(first, devShop, "")
	w.run(time.Hour)
	w.expect(first, devShop, "success")
	if s := w.c.State().Repositories[1]; s.Problem != "" {
		t.Error(s.Problem)
	}
}
