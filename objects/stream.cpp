#include "objects/stream.hpp"
