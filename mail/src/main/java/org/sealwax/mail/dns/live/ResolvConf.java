package org.sealwax.mail.dns.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.RegularFile;

/** The resolvers of the system (resolv.conf(5)). */
final class ResolvConf {
  private static final int DNS_PORT = 53;

  /** MAXNS. */
  private static final int MAX_RESOLVERS = 3;

  private static final int MAX_FILE = 65_536;

  private ResolvConf() {}

  /** Those of the settings, or else of the system. */
  static List<InetSocketAddress> resolvers(DnsSettings settings) {
    return settings.resolvers().isEmpty()
        ? resolvers(Path.of("/etc/resolv.conf"))
        : settings.resolvers();
  }

  /** Without any {@code nameserver} line it is the one on this machine. */
  static List<InetSocketAddress> resolvers(Path file) {
    List<InetSocketAddress> found = new ArrayList<>();
    try {
      for (String line : RegularFile.lines(file, StandardCharsets.ISO_8859_1, MAX_FILE)) {
        String[] words = line.strip().split("\\s+");
        if (words.length >= 2 && words[0].equals("nameserver") && found.size() < MAX_RESOLVERS) {
          literal(words[1]).ifPresent(a -> found.add(new InetSocketAddress(a, DNS_PORT)));
        }
      }
    } catch (IOException e) {
      // No such file: the default of resolv.conf(5) applies.
    }
    if (found.isEmpty()) {
      found.add(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DNS_PORT));
    }
    return found;
  }

  private static Optional<InetAddress> literal(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
