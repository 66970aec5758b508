#include "fcgi_app/cli/command.hpp"

#include <exception>

int main(int argc, char** argv)
{
    try {
        return pollster::cli::main({argv + (argc > 0 ? 1 : 0), argv + argc});
    } catch (const std::exception& e) {
        return pollster::cli::complain(e.what());
    }
}
