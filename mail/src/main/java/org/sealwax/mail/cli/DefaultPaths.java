package org.sealwax.mail.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RegularFile;

/** Default places of the configuration and of the state folder. */
public final class DefaultPaths {
  private static final int MAX_HOSTNAME = 4_096;

  private final ProcessEnvironment process;

  public DefaultPaths(ProcessEnvironment around) {
    this.process = around;
  }

  /** Where a configuration would be read from, in this order; the first that exists is. */
  public List<Path> configurations() {
    Path system = Path.of("/etc/sealwax/sealwax.toml");
    if (process.root()) {
      return List.of(system);
    }
    Path own =
        process
            .variable("XDG_CONFIG_HOME")
            .map(Path::of)
            .filter(Path::isAbsolute)
            .orElse(process.home().resolve(".config"));
    // A local user's sendmail must find the server of this machine.
    return List.of(own.resolve("sealwax/sealwax.toml"), system);
  }

  /** The configuration to read: the requested one, or the first that exists. */
  public Optional<Path> configuration(Arguments arguments) {
    Optional<String> asked =
        arguments.value("--config").or(() -> process.variable("SEALWAX_CONFIG"));
    if (asked.isPresent()) {
      return asked.map(process::path);
    }
    return configurations().stream().filter(Files::isReadable).findFirst();
  }

  /** The state folder when the file does not set it: systemd's, the system's, or the user's own. */
  Path state() {
    return process
        .variable("STATE_DIRECTORY")
        .map(s -> Path.of(s.split(":", 2)[0]))
        .orElseGet(this::stateByDefault);
  }

  /** The defaults. */
  public MachineDefaults machine() {
    return new MachineDefaults(hostname(), state());
  }

  /**
   * The machine's name as the kernel has it; asking the DNS for a longer one could delay the start.
   */
  private static Domain hostname() {
    String name = "";
    for (String file : List.of("/proc/sys/kernel/hostname", "/etc/hostname")) {
      try {
        name = RegularFile.text(Path.of(file), StandardCharsets.UTF_8, MAX_HOSTNAME).strip();
        break;
      } catch (IOException e) {
        // Another system; the next one may be there.
      }
    }
    if (name.isEmpty()) {
      try {
        name = java.net.InetAddress.getLocalHost().getHostName();
      } catch (java.net.UnknownHostException e) {
        name = "localhost";
      }
    }
    String full = name.indexOf('.') < 0 ? name + ".localdomain" : name;
    return Domain.parse(full).orElse(Domain.of("localhost.localdomain"));
  }

  private Path stateByDefault() {
    if (process.root()) {
      return Path.of("/var/lib/sealwax");
    }
    return process
        .variable("XDG_STATE_HOME")
        .map(Path::of)
        .filter(Path::isAbsolute)
        .orElse(process.home().resolve(".local/state"))
        .resolve("sealwax");
  }
}
