// A small program that checkpoints its own file, changes it, looks at the difference, goes back and verifies: consumer DIRECTORY.

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <metamori/repository.hpp>

namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::trunc) << text; }

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool require(bool condition, const char* what) {
  if (!condition) std::cerr << "failed: " << what << '\n';
  return condition;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  try {
    metamori::InitOptions init;
    init.directory = directory;
    metamori::Repository repository = metamori::Repository::init(init);
    write(directory + "/state", "one");
    metamori::CheckpointOptions options;
    options.message = "step 1";
    const metamori::CheckpointReport first = repository.checkpoint(options);
    write(directory + "/state", "two");
    bool ok = require(repository.status().diff.modified == 1, "status tells one change");
    ok = require(repository.diff({}).changes.front().path == "state", "diff names it") && ok;
    const metamori::RestoreReport restored = repository.restore({});
    ok = require(restored.written == 1 && content(directory + "/state") == "one", "restore brings it back") && ok;
    ok = require(repository.log({}).size() == 1 && repository.resolve("HEAD").id == first.checkpoint.id, "the log has one") && ok;
    metamori::VerifyOptions verify;
    verify.data = true;
    ok = require(repository.verify(verify).ok(), "the repository is sound") && ok;
    // An exception thrown inside the library is caught by its type outside.
    try {
      repository.resolve("nowhere");
      ok = require(false, "an unknown revision is told");
    } catch (const metamori::Error& error) {
      ok = require(error.kind() == metamori::ErrorKind::bad_revision, "the kind of the error") && ok;
    }
    return ok ? 0 : 1;
  } catch (const metamori::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
