package cmdline

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Shells are those that Completion knows.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// Completion writes a shell's completion of commands and flags, made from the definitions of
// the commands. In other places the shell completes the names of files.
func Completion(w io.Writer, app *kong.Application, shell string) error {
	write := map[string]func(*kong.Application) string{"bash": bash, "zsh": zsh, "fish": fish, "powershell": powershell}[shell]
	if write == nil {
		return fmt.Errorf("completion %q: give %s", shell, strings.Join(Shells(), ", "))
	}
	if _, err := io.WriteString(w, write(app)); err != nil {
		return fmt.Errorf("writing the completion: %w", err)
	}
	return nil
}

// word is what can follow some words of a command line.
type word struct{ text, help string }

// following are the words that can follow the program, "" or a command: its
// commands and flags.
func following(app *kong.Application) (paths []string, words map[string][]word) {
	words = map[string][]word{}
	var visit func(path string, node *kong.Node)
	visit = func(path string, node *kong.Node) {
		paths = append(paths, path)
		for _, child := range node.Children {
			if child.Hidden {
				continue
			}
			words[path] = append(words[path], word{child.Name, child.Help})
			visit(strings.TrimSpace(path+" "+child.Name), child)
		}
		flags := node.Flags
		if node.DefaultCmd != nil { // its word may be left out
			flags = slices.Concat(flags, node.DefaultCmd.Flags)
		}
		for _, flag := range slices.Concat(flags, app.Flags) {
			if flag.Hidden || slices.ContainsFunc(words[path], func(w word) bool { return w.text == "--"+flag.Name }) {
				continue
			}
			words[path] = append(words[path], word{"--" + flag.Name, flag.Help})
		}
	}
	visit("", app.Node)
	return paths, words
}

// texts joins words without their help.
func texts(words []word) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text
	}
	return strings.Join(all, " ")
}

// path is the shell code that finds the longest known command in the words of
// the line: "config check" before "config".
func bash(app *kong.Application) string {
	var b strings.Builder
	paths, words := following(app)
	fmt.Fprintf(&b, "# bash completion for %s: source <(%[1]s completion bash)\n_%[1]s() {\n  local path=\"\" word\n  local -A words=(\n", app.Name)
	for _, path := range paths {
		fmt.Fprintf(&b, "    [\" %s\"]=%q\n", path, texts(words[path]))
	}
	fmt.Fprintf(&b, `  )
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* || -z ${words[" ${path:+$path }$word"]+x} ]] && continue
    path="${path:+$path }$word"
  done
  mapfile -t COMPREPLY < <(compgen -W "${words[" $path"]}" -- "${COMP_WORDS[COMP_CWORD]}")
  return 0
}
complete -o default -F _%[1]s %[1]s
`, app.Name)
	return b.String()
}

func zsh(app *kong.Application) string {
	var b strings.Builder
	paths, words := following(app)
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion for %[1]s: source <(%[1]s completion zsh)\n_%[1]s() {\n  local command=\"\" word\n  local -a known\n  local -A paths=(", app.Name)
	for _, path := range paths {
		fmt.Fprintf(&b, " %s 1", quoted(" "+path))
	}
	fmt.Fprint(&b, " )\n  for word in ${words[2,CURRENT-1]}; do\n    [[ -n ${paths[ ${command:+$command }$word]} ]] && command=\"${command:+$command }$word\"\n  done\n  case $command in\n")
	for _, path := range paths {
		fmt.Fprintf(&b, "    %s) known=(", quoted(path))
		for _, w := range words[path] {
			fmt.Fprintf(&b, " %s", quoted(strings.ReplaceAll(w.text, ":", `\:`)+":"+w.help))
		}
		fmt.Fprint(&b, " ) ;;\n")
	}
	fmt.Fprintf(&b, "  esac\n  _describe '%s' known\n  _files\n}\ncompdef _%[1]s %[1]s\n", app.Name)
	return b.String()
}

func fish(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s: %[1]s completion fish | source\n", app.Name)
	paths, words := following(app)
	for _, path := range paths {
		condition := "__fish_use_subcommand"
		if path != "" {
			condition = "__fish_seen_subcommand_from " + path[strings.LastIndex(path, " ")+1:]
		}
		for _, w := range words[path] {
			flag, isFlag := strings.CutPrefix(w.text, "--")
			kind := "-a"
			if isFlag {
				kind = "-l"
			}
			fmt.Fprintf(&b, "complete -c %s -n %s %s %s -d %s\n", app.Name, quoted(condition), kind, flag, quoted(w.help))
		}
	}
	return b.String()
}

func powershell(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# PowerShell completion for %s: %[1]s completion powershell | Out-String | Invoke-Expression\n", app.Name)
	fmt.Fprintf(&b, "Register-ArgumentCompleter -Native -CommandName %s -ScriptBlock {\n  param($wordToComplete, $commandAst, $cursorPosition)\n  $words = @{\n", app.Name)
	paths, words := following(app)
	for _, path := range paths {
		fmt.Fprintf(&b, "    '%s' = '%s'\n", path, texts(words[path]))
	}
	fmt.Fprint(&b, `  }
  $path = ''
  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
    $next = ($path + ' ' + $element.ToString()).Trim()
    if ($words.ContainsKey($next)) { $path = $next }
  }
  $words[$path] -split ' ' | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`)
	return b.String()
}

// quoted is a text in single quotes, as bash, zsh and fish read it.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "'", `'\''`) + "'"
}
