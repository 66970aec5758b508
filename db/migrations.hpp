// The embedded migrations, in order from 1; the source file is made by db/embed.cmake.
#pragma once

#include <string>
#include <vector>

namespace db {

struct migration {
    int number = 0;
    std::string name; // "0001_contract"
    std::string sql;
};

const std::vector<migration>& migrations();

} // namespace db
