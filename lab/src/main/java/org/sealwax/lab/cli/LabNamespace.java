package org.sealwax.lab.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.mail.cli.ProcessEnvironment;

/**
 * Runs this very program again, inside a network and mount namespace: there every port is free, the
 * lab's addresses are the machine's own, and {@code /etc/resolv.conf} names the lab's resolver, so
 * that any mail router runs in it as it is. Nothing outside changes, and the namespace ends with
 * the last process in it.
 */
public final class LabNamespace {
  /** Set inside. */
  public static final String INSIDE = "SEALWAX_LAB_INSIDE";

  /**
   * 198.18.0.0/15 is for benchmarks (RFC 2544), 2001:db8::/32 for documentation (RFC 3849): neither
   * is in use, and no sender treats them as loopback.
   */
  static final String SETUP =
      """
      set -e
      ip link set lo up
      ip addr add %s/32 dev lo
      ip route add local 198.18.0.0/15 dev lo
      ip -6 addr add 2001:db8::53/128 dev lo nodad 2>/dev/null || true
      # The lab's addresses must not be on an interface: senders would treat them as their own.
      ip -6 route add local 2001:db8:25::/64 dev lo 2>/dev/null || true
      echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind || true
      resolv=$(mktemp)
      printf 'nameserver 127.0.0.1\\noptions edns0 trust-ad\\n' > "$resolv"
      chmod 644 "$resolv"
      mount --bind "$(readlink -f "$resolv")" "$(readlink -f /etc/resolv.conf)"
      rm -f "$resolv" 2>/dev/null || true
      exec "$@"
      """
          .formatted(AddressSource.NAMESPACE_OWN);

  private final ProcessEnvironment process;

  public LabNamespace(ProcessEnvironment around) {
    this.process = around;
  }

  /** The exit code of the run inside. */
  public int runInside() throws IOException, InterruptedException {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> command = new ArrayList<>(List.of("unshare"));
    if (!process.root()) {
      command.add("--map-root-user");
    }
    command.addAll(List.of("--net", "--mount", "--", "/bin/sh", "-c", SETUP, "sh"));
    command.add(
        self.command()
            .orElseThrow(
                () ->
                    new IOException(
                        "the command line of this process cannot be read; --isolate needs it")));
    command.addAll(
        Arrays.asList(
            self.arguments()
                .orElseThrow(
                    () ->
                        new IOException(
                            "the command line of this process cannot be read; --isolate needs it"))));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    builder.environment().put(INSIDE, "1");
    try {
      return builder.start().waitFor();
    } catch (IOException e) {
      throw new IOException("--isolate needs unshare (util-linux) and ip (iproute2)", e);
    }
  }
}
