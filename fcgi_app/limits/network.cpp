#include "fcgi_app/limits/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>

namespace limits {

bool is_address(const std::string& address)
{
    in_addr four{};
    in6_addr six{};
    return inet_pton(AF_INET, address.c_str(), &four) == 1 ||
           inet_pton(AF_INET6, address.c_str(), &six) == 1;
}

std::vector<network> networks_of(const std::string& address)
{
    in6_addr six{};
    if (inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return {{address, 1}};
    }
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        char four[INET_ADDRSTRLEN] = {};
        inet_ntop(AF_INET, &six.s6_addr[12], four, sizeof four);
        return {{four, 1}};
    }
    std::vector<network> found;
    struct level {
        int bytes;
        double share;
    };
    for (const auto& [bytes, share] : {level{8, 1}, level{7, 4}, level{6, 16}}) {
        std::fill(six.s6_addr + bytes, six.s6_addr + 16, std::uint8_t{0});
        char text[INET6_ADDRSTRLEN] = {};
        inet_ntop(AF_INET6, &six, text, sizeof text);
        found.push_back({std::string(text) + "/" + std::to_string(8 * bytes), share});
    }
    return found;
}

} // namespace limits
