#pragma once

/// \file
/// Which names the shared library shows. Also for C.

/// Marks what the shared library shows.
#define METAMORI_API __attribute__((visibility("default")))
