#include "fcgi_app/limits/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>

namespace limits {

std::string network_of(const std::string& address)
{
    in6_addr six{};
    if (inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return address;
    }
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        char four[INET_ADDRSTRLEN] = {};
        inet_ntop(AF_INET, &six.s6_addr[12], four, sizeof four);
        return four;
    }
    std::fill(six.s6_addr + 8, six.s6_addr + 16, std::uint8_t{0});
    char network[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, &six, network, sizeof network);
    return std::string(network) + "/64";
}

} // namespace limits
