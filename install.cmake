# What `cmake --install` puts where; debian/ packages just that. docs/INSTALL.md says what to do then.
#
# Settings are in /etc and the sockets in /run wherever the rest goes, because the program, systemd and nginx look
# there. The shipped files say /usr/bin and /usr/share: with another prefix (/usr/local without a package) those are
# replaced on the way.
include(GNUInstallDirs)
set(POLLSTER_ETC /etc CACHE PATH "where settings are installed")

# systemd looks in /usr/local/lib too; the unit's folder of Debian 12 is /lib.
set(units ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  pkg_get_variable(packaged_units systemd systemdsystemunitdir)
  if(packaged_units)
    set(units ${packaged_units})
  endif()
endif()

# with_paths(FILE NAME): FILE as it is to be installed, as ${installed}/NAME.
set(installed ${CMAKE_BINARY_DIR}/installed)
function(with_paths file name)
  file(READ ${file} text)
  string(REPLACE "/usr/bin/pollster" "${CMAKE_INSTALL_FULL_BINDIR}/pollster" text "${text}")
  string(REPLACE "/usr/share/pollster" "${CMAKE_INSTALL_FULL_DATADIR}/pollster" text "${text}")
  file(WRITE ${installed}/${name} "${text}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

# settings(FILE FOLDER [NAME]): not over what is there, which somebody may have changed. Packages do that themselves.
function(settings file folder)
  set(name ${ARGN})
  if(NOT name)
    get_filename_component(name ${file} NAME)
  endif()
  set(target ${POLLSTER_ETC}/${folder})
  install(CODE "
    if(\"\$ENV{DESTDIR}\" STREQUAL \"\" AND EXISTS \"${target}/${name}\")
      message(STATUS \"Left as it is: ${target}/${name}\")
    else()
      file(INSTALL DESTINATION \"${target}\" TYPE FILE FILES \"${file}\" RENAME \"${name}\")
    endif()")
endfunction()

install(TARGETS pollster)

# The library and the page. What only npm and its users read is none of the browser's.
install(DIRECTORY web DESTINATION ${CMAKE_INSTALL_DATADIR}/pollster
  PATTERN package.json EXCLUDE
  PATTERN README.md EXCLUDE
  PATTERN LICENSE EXCLUDE
  PATTERN *.d.ts EXCLUDE
  PATTERN *.min.js EXCLUDE)

# Alerts and a dashboard, to be copied to where a Prometheus and a Grafana are.
install(DIRECTORY monitoring DESTINATION ${CMAKE_INSTALL_DATADIR}/pollster)

foreach(unit pollster.service pollster.socket pollster@.service pollster@.socket pollster-migrate.service)
  with_paths(${CMAKE_SOURCE_DIR}/systemd/${unit} ${unit})
  install(FILES ${installed}/${unit} DESTINATION ${units})
endforeach()
# `systemctl reload` that waits until the settings are in force: a type that earlier versions of systemd do not know.
if(SYSTEMD_VERSION VERSION_GREATER_EQUAL 253)
  foreach(unit pollster.service pollster@.service)
    install(FILES systemd/notify-reload.conf DESTINATION ${units}/${unit}.d)
  endforeach()
endif()
install(FILES systemd/pollster.sysusers DESTINATION lib/sysusers.d RENAME pollster.conf)
install(FILES systemd/pollster.tmpfiles DESTINATION lib/tmpfiles.d RENAME pollster.conf)
settings(${CMAKE_SOURCE_DIR}/systemd/pollster.conf pollster)

file(GLOB snippets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/nginx/snippets/*.conf)
foreach(snippet ${snippets})
  get_filename_component(name ${snippet} NAME)
  with_paths(${snippet} ${name})
  settings(${installed}/${name} nginx/pollster/snippets)
endforeach()
foreach(site pollster pollster-https pollster-api-host)
  settings(${CMAKE_SOURCE_DIR}/nginx/${site}.conf nginx/sites-available ${site})
endforeach()

install(FILES docs/man/pollster.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES docs/man/pollster.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/pollster.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME pollster)
