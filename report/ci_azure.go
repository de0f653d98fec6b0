package report

import (
	"fmt"
	"io"
	"strings"
)

// maxIssues is how many findings a step of Azure Pipelines tells: its page shows ten of a kind.
const maxIssues = 9

// Azure writes logging commands: a group of the log for each environment, the outputs as variables of the step, an error for
// each finding, and a warning for a release that a newer one replaced.
func (o Outcome) Azure(w io.Writer, outputs []Output) error {
	order, said := o.groups()
	for _, environment := range order {
		if _, err := fmt.Fprintf(w, "##[group]%s\n  %s\n##[endgroup]\n", azureData(environment), strings.Join(azureLines(said[environment]), "\n  ")); err != nil {
			return err
		}
	}
	for _, v := range outputs {
		name := "ferry"
		for _, part := range strings.Split(v.Name, "-") {
			name += strings.ToUpper(part[:1]) + part[1:]
		}
		if _, err := fmt.Fprintf(w, "##vso[task.setvariable variable=%s;isOutput=true]%s\n", name, azureData(v.Value)); err != nil {
			return err
		}
	}
	if o.Result == ResultSuperseded {
		if _, err := fmt.Fprintln(w, "##vso[task.logissue type=warning;]superseded: a newer release was accepted before"); err != nil {
			return err
		}
	}
	all := o.Findings()
	for _, f := range all[:min(len(all), maxIssues)] {
		place := ""
		if f.File != "" {
			place = fmt.Sprintf("sourcepath=%s;linenumber=%d;columnnumber=%d;", azureProperty(f.File), max(f.Line, 1), max(f.Column, 1))
		}
		if _, err := fmt.Fprintf(w, "##vso[task.logissue type=error;%s]%s\n", place, azureData(f.Message)); err != nil {
			return err
		}
	}
	if more := len(all) - maxIssues; more > 0 {
		_, err := fmt.Fprintf(w, "##vso[task.logissue type=error;]%d more in the report\n", more)
		return err
	}
	return nil
}

func azureLines(all []string) []string {
	out := make([]string, len(all))
	for i, l := range all {
		out[i] = azureData(l)
	}
	return out
}

// azureData escapes as the agent reads it (learn.microsoft.com, "Logging commands").
func azureData(s string) string {
	for strings.Contains(s, "##") { // of three, two are left the first time
		s = strings.ReplaceAll(s, "##", "# #")
	}
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func azureProperty(s string) string {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D").Replace(s)
}
