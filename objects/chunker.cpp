#include "objects/chunker.hpp"
