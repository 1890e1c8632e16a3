#pragma once

// What the fuzz targets of the node decoders do with an input; the unit tests replay small corpora through the same functions.

#include "metamori/types.hpp"

namespace metamori::test {

/// The input is the one chunk of a level-1 list (its spans' sum taken as the length); read to the end, seeked in, and built again: accepted
/// and complete means canonical content.
void fuzz_list(ByteView input);
/// The input is a leaf; what is accepted must encode to the same bytes again when it is cut as a leaf.
void fuzz_directory(ByteView input);
/// The input is a root, and a link table.
void fuzz_root(ByteView input);

}  // namespace metamori::test
