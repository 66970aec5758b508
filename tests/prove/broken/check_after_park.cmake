# The server with one fault of the kind that is hard to see: a poll parks first and compares when it is woken. The
# source is the product's, changed here in two places, so that the product needs no switch for it. tests/prove/catches
# expects prove to see that. Which polls have parked is kept beside them, by exchange: a member would be a change of
# the header, for all who include it.
set(poll ${CMAKE_SOURCE_DIR}/fcgi_app/routes/poll_in_progress.cpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${poll})
file(READ ${poll} right)
string(REPLACE "        news found = look(older);"
               "        if (parked_once.insert(peer_.get()).second) {\n            return next::park;\n        }\n        news found = look(older);"
               half "${right}")
string(REPLACE "client_.answered();" "client_.answered();\n    parked_once.erase(peer_.get());" wrong "${half}")
if(half STREQUAL right OR wrong STREQUAL half)
  message(FATAL_ERROR "${poll} has changed: adapt tests/prove/broken/check_after_park.cmake to it")
endif()
set(wrong "#include \"fcgi_app/routes/exchange.hpp\"\n#include <set>\nnamespace {\nstd::set<const routes::exchange*> parked_once;\n}\n${wrong}")
file(CONFIGURE OUTPUT check_after_park/poll_in_progress.cpp CONTENT "@wrong@" @ONLY)
# It comes before the library that has the right one.
add_executable(pollster_check_after_park ${CMAKE_SOURCE_DIR}/fcgi_app/main.cpp
                                         ${CMAKE_CURRENT_BINARY_DIR}/check_after_park/poll_in_progress.cpp)
target_link_libraries(pollster_check_after_park PRIVATE cli)
