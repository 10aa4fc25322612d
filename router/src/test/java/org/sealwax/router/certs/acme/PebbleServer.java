package org.sealwax.router.certs.acme;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.testkit.net.FreePort;
import org.sealwax.testkit.tls.TestCa;

/**
 * Debian's pebble, the test server of Let's Encrypt's authors, with the name server of its
 * pebble-challtestsrv: every name has the address 127.0.0.1.
 */
final class PebbleServer implements Closeable {
  static final Path PEBBLE = Path.of("/usr/bin/pebble");
  static final String HOST = "acme.test";

  private final List<Process> processes = new ArrayList<>();
  private final Path roots;
  private final int port;
  private final int httpPort;
  private final int tlsPort;
  private final int management;

  /**
   * Starts both.
   *
   * @param environment of pebble: which faults it has
   * @param binding whether it asks for an external account binding, {@code kid-1}
   */
  PebbleServer(Path folder, Map<String, String> environment, boolean binding) throws IOException {
    TestCa authority = TestCa.root("Authority of the directory");
    IdentitySettings.CertificatePair pair =
        TestCa.write(authority.identity(HOST), folder, "directory");
    roots = folder.resolve("roots.pem");
    Files.writeString(roots, pem(authority));
    port = FreePort.pick();
    httpPort = FreePort.pick();
    tlsPort = FreePort.pick();
    management = FreePort.pick();
    int dns = FreePort.pick();
    Path config = folder.resolve("pebble.json");
    Files.writeString(
        config,
        """
        {"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d",
        "certificate": "%s", "privateKey": "%s", "httpPort": %d, "tlsPort": %d,
        "ocspResponderURL": "", "externalAccountBindingRequired": %s,
        "externalAccountMACKeys": {"kid-1": "%s"}}}
        """
            .formatted(
                port,
                FreePort.pick(),
                pair.certificate(),
                pair.key(),
                httpPort,
                tlsPort,
                binding,
                HMAC_KEY));
    start(
        Map.of(),
        "Starting management server",
        "/usr/bin/pebble-challtestsrv",
        "-http01",
        "",
        "-https01",
        "",
        "-tlsalpn01",
        "",
        "-dns01",
        "127.0.0.1:" + dns,
        "-defaultIPv6",
        "",
        "-management",
        "127.0.0.1:" + management);
    start(
        environment,
        "ACME directory available",
        PEBBLE.toString(),
        "-config",
        config.toString(),
        "-dnsserver",
        "127.0.0.1:" + dns);
  }

  static final String HMAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

  private static String pem(TestCa authority) throws IOException {
    try {
      return "-----BEGIN CERTIFICATE-----\n"
          + Base64.getMimeEncoder().encodeToString(authority.certificate().getEncoded())
          + "\n-----END CERTIFICATE-----\n";
    } catch (CertificateEncodingException e) {
      throw new IOException(e);
    }
  }

  private void start(Map<String, String> environment, String ready, String... command)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PEBBLE_VA_NOSLEEP", "1");
    builder.environment().putAll(environment);
    Process process = builder.start();
    processes.add(process);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder all = new StringBuilder();
    for (String line = lines.readLine(); ; line = lines.readLine()) {
      if (line == null) {
        throw new IOException("ended: " + all);
      }
      all.append(line).append('\n');
      if (line.contains(ready)) {
        break;
      }
    }
    var _ = Threads.startPlatform("pebble-output", () -> lines.lines().forEach(line -> {}));
  }

  String directory() {
    return "https://" + HOST + ":" + port + "/dir";
  }

  Path roots() {
    return roots;
  }

  int httpPort() {
    return httpPort;
  }

  int tlsPort() {
    return tlsPort;
  }

  int management() {
    return management;
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
  }
}
