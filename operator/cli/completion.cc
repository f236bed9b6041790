#include "cli/completion.h"

#include "base/text.h"
#include "schema/kind.h"

namespace patchbay::cli {
namespace {

std::string KindWords() {
  std::vector<std::string> words;
  for (const Kind& kind : Kinds::Embedded().all()) words.push_back(kind.plural);
  return Join(words, " ");
}

std::string Bash(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const auto& command : commands) {
    names.push_back(command.name);
    cases += StrCat("    ", command.name, ") flags='", Join(command.flags, " "), "'; subs='", Join(command.subcommands, " "), "' ;;\n");
  }
  return StrCat("# bash completion for patchbay: source <(patchbay completion bash)\n_patchbay() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]} flags= subs=\n"
                "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W '", Join(names, " "), "' -- \"$cur\")); return; fi\n"
                "  case $cmd in\n", cases, "  esac\n"
                "  case $cur in -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")); return ;; esac\n"
                "  case ${COMP_WORDS[COMP_CWORD-1]} in -f|--filename) COMPREPLY=($(compgen -f -- \"$cur\")); return ;; esac\n"
                "  if [ -n \"$subs\" ]; then COMPREPLY=($(compgen -W \"$subs\" -- \"$cur\")); return; fi\n"
                "  case $cmd in\n"
                "    logs) COMPREPLY=($(compgen -W \"$(patchbay get plugins -o name 2>/dev/null | sed 's|.*/||')\" -- \"$cur\")) ;;\n"
                "    get|describe|delete|edit|enable|disable|restart|scale|wait)\n"
                "      if [ \"$COMP_CWORD\" -eq 2 ]; then COMPREPLY=($(compgen -W '", KindWords(), "' -- \"$cur\"))\n"
                "      else COMPREPLY=($(compgen -W \"$(patchbay get \"${COMP_WORDS[2]}\" -o name 2>/dev/null | sed 's|.*/||')\" -- \"$cur\")); fi ;;\n"
                "  esac\n}\ncomplete -F _patchbay patchbay\n");
}

std::string Zsh(const std::vector<CommandWords>& commands) {
  return StrCat("#compdef patchbay\n# zsh completion for patchbay: source <(patchbay completion zsh)\n"
                "autoload -U +X bashcompinit && bashcompinit\n", Bash(commands));
}

std::string Fish(const std::vector<CommandWords>& commands) {
  std::string script = "# fish completion for patchbay: patchbay completion fish | source\ncomplete -c patchbay -f\n";
  for (const auto& command : commands) {
    script += StrCat("complete -c patchbay -n __fish_use_subcommand -a ", command.name, " -d '", command.description.substr(0, command.description.find('\'')), "'\n");
    for (const auto& flag : command.flags)
      script += StrCat("complete -c patchbay -n '__fish_seen_subcommand_from ", command.name, "' -l ", flag.substr(2), "\n");
    for (const auto& inner : command.subcommands)
      script += StrCat("complete -c patchbay -n '__fish_seen_subcommand_from ", command.name, "' -a ", inner, "\n");
  }
  script += StrCat("complete -c patchbay -n '__fish_seen_subcommand_from get describe delete edit enable disable restart scale wait' -a '", KindWords(), "'\n");
  return script;
}

}  // namespace

std::string CompletionScript(const std::string& shell, const std::vector<CommandWords>& commands) {
  if (shell == "zsh") return Zsh(commands);
  if (shell == "fish") return Fish(commands);
  return Bash(commands);
}

}  // namespace patchbay::cli
