#pragma once

// What only looks: log, listings, content, differences, tags, rules, verification. Errors as the members of Repository of the same names.

#include <functional>
#include <string_view>
#include <vector>

#include "core/engine.hpp"

namespace metamori {

void visit_log(Engine& engine, const LogOptions& options, const std::function<bool(const LogEntry&)>& visit);
std::vector<CheckpointInfo> list_log(Engine& engine, const LogOptions& options);
std::vector<RevisionName> list_revision_names(Engine& engine, std::string_view prefix, std::size_t limit);
void list_nodes(Engine& engine, const Position& position, std::string_view path, bool recursive,
                const std::function<void(const NodeInfo&)>& visit);
/// Which bytes of a file; no length: up to its end.
struct ContentRange {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};
void read_node(Engine& engine, const Position& position, std::string_view path, const ContentRange& range,
               const std::function<void(ByteView)>& receive);
FindReport find(Engine& engine, const FindOptions& options);
StatsReport stats(Engine& engine, const StatsOptions& options);
DiffReport diff(Engine& engine, const DiffOptions& options);
StatusReport status(Engine& engine, const Control& control);
VerifyReport verify(Engine& engine, const VerifyOptions& options);

std::vector<TagInfo> list_tags(Engine& engine);
void add_tag(Engine& engine, const std::string& name, std::string_view revision, bool force);
void remove_tag(Engine& engine, const std::string& name);

/// Appends to `rules`; returns whether there was no rule before.
bool append_rules(Engine& engine, const std::vector<std::string>& patterns, bool negated, const Control& control = {});

/// Throws refused if the repository can't be written.
void require_writable(const Engine& engine);
/// Throws no_repository if the tree is not there (a repository opened by its own name).
void require_tree(const Engine& engine);

/// A path as users give it, without slashes at its ends. Throws usage for what is no path in a tree (`..`, an absolute path).
std::string checked_path(std::string_view path);
/// The same for all, sorted as a walk goes, without those that lie below others.
std::vector<std::string> checked_scope(const std::vector<std::string>& paths);

}  // namespace metamori
