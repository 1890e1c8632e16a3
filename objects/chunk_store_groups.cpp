#include "objects/chunk_store.hpp"
