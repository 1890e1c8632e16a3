#include "base/worker_pool.hpp"
