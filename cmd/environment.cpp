#include "cmd/environment.hpp"

#include <pwd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/units.hpp"
#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// The first of these that is set decides, as in every C library.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = variable(name);
    if (!value) continue;
    std::transform(value->begin(), value->end(), value->begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return value->find("utf-8") != std::string::npos || value->find("utf8") != std::string::npos;
  }
  return false;
}

/// What batch systems tell their jobs.
Metadata job_metadata() {
  constexpr std::array<std::pair<const char*, const char*>, 13> kNames{{{"SLURM_JOB_ID", "Slurm-Job-Id"},
                                                                        {"SLURM_ARRAY_JOB_ID", "Slurm-Array-Job-Id"},
                                                                        {"SLURM_ARRAY_TASK_ID", "Slurm-Array-Task-Id"},
                                                                        {"SLURM_RESTART_COUNT", "Slurm-Restart-Count"},
                                                                        {"PBS_JOBID", "Pbs-Job-Id"},
                                                                        {"PBS_ARRAY_INDEX", "Pbs-Array-Index"},
                                                                        {"PBS_ARRAYID", "Pbs-Array-Index"},
                                                                        {"LSB_JOBID", "Lsf-Job-Id"},
                                                                        {"LSB_JOBINDEX", "Lsf-Job-Index"},
                                                                        {"FLUX_JOB_ID", "Flux-Job-Id"},
                                                                        {"OAR_JOB_ID", "Oar-Job-Id"},
                                                                        {"SGE_TASK_ID", "Sge-Task-Id"},
                                                                        {"RESTARTED", "Sge-Restarted"}}};
  Metadata metadata;
  const auto add = [&](const char* name, const char* key) {
    if (const auto value = variable(name); value && value->find_first_of("\r\n") == std::string::npos) metadata.emplace_back(key, *value);
  };
  // Grid Engine's names are too common to be believed alone.
  const bool is_grid_engine = variable("SGE_ROOT") && variable("JOB_ID");
  if (is_grid_engine) add("JOB_ID", "Sge-Job-Id");
  for (const auto& [name, key] : kNames)
    if (is_grid_engine || std::string_view(key).substr(0, 4) != "Sge-") add(name, key);
  return metadata;
}

std::string user_name() {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(::geteuid());
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0 || buffer[0] == '\0') return "localhost";
  return buffer.data();
}

std::map<std::string, std::string> own_variables() {
  constexpr std::string_view kPrefix = "METAMORI_";
  std::map<std::string, std::string> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos) found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

std::size_t terminal_width() {
  constexpr std::size_t kDefault = 80;
  if (const auto columns = variable("COLUMNS"))
    if (const auto number = parse_number(*columns); number && *number > 0) return static_cast<std::size_t>(*number);
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefault;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Environment read_environment() {
  Environment environment;
  environment.repository_dir = variable("METAMORI_DIR");
  environment.home = variable("HOME");
  environment.config_home = variable("XDG_CONFIG_HOME");
  environment.system_config = variable("METAMORI_SYSTEM_CONFIG");
  environment.pager = variable("PAGER");
  environment.metamori = own_variables();
  environment.columns = terminal_width();
  environment.author = variable("METAMORI_AUTHOR");
  environment.no_color = variable("NO_COLOR").has_value();
  const auto terminal = variable("TERM");
  environment.is_dumb_terminal = !terminal || *terminal == "dumb";
  environment.is_utf8 = locale_is_utf8();
  environment.job = job_metadata();
  return environment;
}

Person author_of(const Environment& environment) {
  if (!environment.author) {
    const std::string name = user_name();
    return {name, name + "@" + host_name()};
  }
  const std::string_view text = *environment.author;
  const std::size_t open = text.find('<');
  const bool is_whole = open != std::string_view::npos && trim(text).ends_with('>') && text.find('<', open + 1) == std::string_view::npos;
  const std::string_view name = trim(text.substr(0, open));
  if (!is_whole || name.empty() || text.find('\n') != std::string_view::npos)
    throw Error(ErrorKind::usage, "METAMORI_AUTHOR, or the setting author, is not of the form 'Name <mail>'");
  const std::size_t close = text.rfind('>');
  return {std::string(name), std::string(trim(text.substr(open + 1, close - open - 1)))};
}

}  // namespace metamori::cmd
