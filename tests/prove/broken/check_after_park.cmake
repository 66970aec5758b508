# The server with one fault of the kind that is hard to see: a delivery parks first and compares when it is woken. The
# source is the product's, changed here in two places, so that the product needs no switch for it. tests/prove/catches
# expects prove to see that.
set(delivery ${CMAKE_SOURCE_DIR}/walls/delivery.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${delivery})
file(READ ${delivery} right)
string(REPLACE "            comparison c = hub_.compare(local_);"
               "            if (!std::exchange(parked_once_, true)) {\n                return next::park;\n            }\n            comparison c = hub_.compare(local_);"
               half "${right}")
string(REPLACE "    Sink sink_;\n" "    Sink sink_;\n    bool parked_once_ = false;\n" wrong "${half}")
if(half STREQUAL right OR wrong STREQUAL half)
  message(FATAL_ERROR "${delivery} has changed: adapt tests/prove/broken/check_after_park.cmake to it")
endif()
file(CONFIGURE OUTPUT check_after_park/walls/delivery.hpp CONTENT "@wrong@" @ONLY)
# These come before the library that has the right ones, and include the wrong header.
add_executable(pollster_check_after_park ${CMAKE_SOURCE_DIR}/fcgi_app/main.cpp ${CMAKE_SOURCE_DIR}/fcgi_app/routes/poll.cpp
                                         ${CMAKE_SOURCE_DIR}/fcgi_app/routes/poll_sink.cpp)
target_include_directories(pollster_check_after_park BEFORE PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/check_after_park)
target_link_libraries(pollster_check_after_park PRIVATE cli app)
