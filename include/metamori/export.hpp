#pragma once

/// Marks what the shared library shows.
#define METAMORI_API __attribute__((visibility("default")))
