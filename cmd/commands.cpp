#include "cmd/commands.hpp"

#include <array>
#include <string>

#include "cmd/suggest.hpp"
#include "cmd/text.hpp"
#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

using enum CommandGroup;

constexpr CommandTraits kPaged{.is_paged = true};
constexpr CommandTraits kAlone{.has_repository = false};
constexpr CommandTraits kAlways{.has_repository = false, .needs_settings = false};
constexpr CommandTraits kPagedAlways{.is_paged = true, .has_repository = false, .needs_settings = false};

constexpr std::array<CommandRow, 32> kCommands{{
    {"init", start, "Make a repository for a tree of files",
     "metamori init                                 # here\n"
     "metamori init --exist-ok run7                 # in run7; fine if it is there\n"
     "metamori init --repo-dir /ckpt/run7 run7      # keep it on another file system\n",
     "14 15 16", make_init, kAlone},
    {"track", start, "Choose what is tracked",
     "metamori track 'results/**' '*.h5'            # only these, from now on\n"
     "metamori track --list\n",
     "10 11 13 14 15 16", make_track},
    {"untrack", start, "Leave something out",
     "metamori untrack '*.tmp' scratch/\n"
     "metamori untrack --list\n",
     "10 11 13 14 15 16", make_untrack},
    {"checkpoint", everyday, "Record the tree as it is now",
     "metamori checkpoint -m 'step 1000'\n"
     "metamori checkpoint -q --skip-if-unchanged    # from cron: the id alone\n"
     "metamori checkpoint --tag good results/       # only what is below results/\n"
     "metamori checkpoint --pause $job              # all files of one instant\n"
     "metamori checkpoint -n                        # what would be recorded?\n",
     "3 10 11 13 14 15 16", make_checkpoint},
    {"stage", everyday, "Store what the next checkpoint will need",
     "metamori stage                                # before a checkpoint with --pause\n"
     "metamori stage --nice results/                # only what is below results/\n",
     "10 11 13 14 15 16", make_stage},
    {"watch", everyday, "Run a job under periodic checkpoints",
     "metamori watch -- ./simulate input.nml        # every 10 minutes, and when it ends\n"
     "metamori watch --every 1h -- mpirun -n 64 ./simulate\n",
     "10 13 14 16", make_watch},
    {"status", everyday, "Show what changed since the last checkpoint",
     "metamori status\n"
     "metamori status --porcelain -z                # for scripts\n",
     "3 10 13 14 16", make_status},
    {"restore", everyday, "Put a checkpoint back",
     "metamori restore HEAD                         # undo all changes since the last one\n"
     "metamori restore 17 results/u.bin             # one file\n"
     "metamori restore 17 --delete -n               # an exact mirror: what would be done?\n"
     "metamori restore latest --to /tmp/look\n"
     "metamori restore HEAD --fallback              # should it be damaged, the newest before it that is not\n"
     "metamori restore HEAD --if-exists             # in job scripts: fine on the first run\n",
     "3 10 11 12 13 14 15 16", make_restore},
    {"undo", everyday, "Take back the last restore or forget",
     "metamori undo\n"
     "metamori undo                                 # again: redo it\n",
     "3 10 11 12 13 14 15 16", make_undo},
    {"log", look, "List checkpoints, newest first",
     "metamori log --oneline -n 10\n"
     "metamori log --since yesterday --stat\n"
     "metamori log -- results/u.bin                 # those that changed this file\n"
     "metamori log --graph --all --oneline          # branches that restores made\n"
     "metamori log --meta step=1000 --format='%# %s'\n",
     "10 12 13 14 16", make_log, kPaged},
    {"show", look, "Tell all about a checkpoint, or about a file in it",
     "metamori show\n"
     "metamori show HEAD~2\n"
     "metamori show 17:results/u.bin\n",
     "10 12 13 14 16", make_show, kPaged},
    {"diff", look, "Compare checkpoints, or one with the tree",
     "metamori diff                                 # HEAD against the tree\n"
     "metamori diff 16 17\n"
     "metamori diff 16..17 --stat -- results\n"
     "metamori diff --ranges 16 17 -- u.bin         # which bytes?\n"
     "metamori diff --exit-code HEAD                # 4 if anything changed\n",
     "3 4 10 12 13 14 16", make_diff, kPaged},
    {"find", look, "Find paths in all checkpoints, and when they changed",
     "metamori find '*.h5'\n"
     "metamori find --oneline results/u.bin\n"
     "metamori find '*.dat' '!tmp*'                 # but none that starts with tmp\n",
     "10 13 14 16", make_find, kPaged},
    {"ls", look, "List files in a checkpoint",
     "metamori ls HEAD\n"
     "metamori ls -lR 17:results\n",
     "10 12 13 14 16", make_ls, kPaged},
    {"cat", look, "Write a file of a checkpoint to standard output",
     "metamori cat 17:results/log.txt\n"
     "metamori cat 17:u.bin --offset 1M --length 4K | xxd\n",
     "10 12 13 14 16", make_cat},
    {"stats", look, "Tell what checkpoints and paths take",
     "metamori stats                                # all of the repository\n"
     "metamori stats 17                             # what would forgetting it free?\n"
     "metamori stats --by-path -n 10                # what makes the repository grow?\n",
     "10 12 13 14 16", make_stats, kPaged},
    {"tag", look, "Name a checkpoint, or list the names",
     "metamori tag converged 17\n"
     "metamori tag                                  # list\n"
     "metamori tag -d converged\n",
     "10 12 13 14 15 16", make_tag, kPaged},
    {"pin", care, "Keep a checkpoint whatever rules say, or list those kept so",
     "metamori pin 17 converged\n"
     "metamori pin                                  # list\n"
     "metamori pin --remove 17\n",
     "10 11 12 13 14 15 16", make_pin},
    {"forget", care, "Forget checkpoints: those named, or those that no rule keeps",
     "metamori forget --keep-last 12 --keep-hourly 24 --keep-daily 14 -n   # which, and why?\n"
     "metamori forget --thin                        # fewer the older they are\n"
     "metamori forget 17 3..9\n",
     "10 11 12 13 14 15 16", make_forget},
    {"gc", care, "Give back the space of what was forgotten",
     "metamori gc -n                                # how much would it give?\n"
     "metamori gc\n"
     "metamori gc --auto -q                         # from cron: only where it is worth while\n",
     "10 11 13 14 15 16", make_gc},
    {"copy", care, "Copy checkpoints to another repository, or from one",
     "metamori copy --init /backup/run7             # all that it has not yet; made on the first run\n"
     "metamori copy /backup/run7 HEAD 3..9          # some of them\n"
     "metamori copy --from /backup/run7 17          # bring one back\n",
     "10 11 12 13 14 15 16", make_copy},
    {"export", care, "Write a checkpoint as a tar archive",
     "metamori export HEAD -o job.tar\n"
     "metamori export 17 out/ | zstd >out17.tar.zst # only what is below out/\n",
     "3 10 12 13 14 15 16", make_export},
    {"import", care, "Make a checkpoint of a tar archive",
     "metamori import job.tar.zst -m 'from elsewhere'\n"
     "metamori import input.tar.gz --tag input\n",
     "3 10 11 13 14 15 16", make_import},
    {"recover", care, "Finish or take back an interrupted restore",
     "metamori recover                              # finish it\n"
     "metamori recover --abort                      # back to what was there before\n",
     "3 10 11 13 14 15 16", make_recover},
    {"verify", care, "Check that the repository is sound",
     "metamori verify                               # its structure\n"
     "metamori verify --data                        # every byte\n"
     "metamori verify --data=5%                     # the next twentieth of it\n"
     "metamori verify --data --max-time 10m         # as much as that gives\n",
     "10 13 14 16", make_verify},
    {"repair", care, "Mend a damaged repository",
     "metamori repair -n                            # what would be done?\n"
     "metamori repair\n",
     "10 11 13 14 15 16", make_repair},
    {"config", other, "Show and change settings",
     "metamori config list --show-origin            # what is set, and where\n"
     "metamori config list --all                    # every setting there is\n"
     "metamori config set --user jobs 4             # for all that I do\n"
     "metamori config set checkpoint.on-torn fail   # for this repository\n"
     "metamori config unset checkpoint.on-torn\n"
     "metamori config get color\n",
     "10 11 15 16", make_config, kPagedAlways},
    {"completion", other, "Print the completions for a shell",
     "metamori completion bash >~/.local/share/bash-completion/completions/metamori\n"
     "metamori completion zsh >~/.zfunc/_metamori    # a directory in fpath\n"
     "metamori completion fish >~/.config/fish/completions/metamori.fish\n",
     "", make_completion, kAlways},
    {"version", other, "Show the version", "metamori version\nmetamori version -v\n", "", make_version, kAlways},
    {"help", other, "Show help on a command", "metamori help\nmetamori help restore\n", "", make_help, kPagedAlways},
    {"__complete", hidden, "Tell what could stand where a command line is being written", "", "", make_complete, kAlways},
    {"__options", hidden, "List a command's options, one a line", "", "", make_list_options, kAlways},
}};

}  // namespace

std::span<const CommandRow> command_table() noexcept { return kCommands; }

std::string_view group_title(CommandGroup group) noexcept {
  switch (group) {
    case start:
      return "Starting";
    case everyday:
      return "Every day";
    case look:
      return "Looking";
    case care:
      return "Care";
    case other:
      return "Other";
    case hidden:
      return "";
  }
  return "";
}

const CommandRow* find_command(std::string_view name) noexcept {
  for (const CommandRow& row : kCommands)
    if (row.name == name) return &row;
  return nullptr;
}

const CommandRow& get_command(std::string_view name) {
  if (const CommandRow* row = find_command(name)) return *row;
  std::vector<std::string> known;
  for (const CommandRow& row : kCommands)
    if (row.group != hidden) known.emplace_back(row.name);
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = "'metamori help' lists the commands";
  throw Error(ErrorKind::usage, "unknown command " + shell_quote(name, true), hint);
}

}  // namespace metamori::cmd
