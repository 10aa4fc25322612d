package org.sealwax.app;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.RouterDomain;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.server.Router;

/**
 * The lab's network, as the demo uses it, and the router that is configured to be in it.
 *
 * @param lab the lab
 * @param token the destinations
 * @param routerDomain the router's own domain in it
 */
record DemoEnvironment(Lab lab, LabToken token, RouterDomain routerDomain) implements Closeable {
  /** Between choosing a free port and listening at it another program may take it. */
  private static final int TRIES = 3;

  /** The part of loopback that is the lab's. */
  private static final int LOOPBACK = 25;

  private static final String FIRST = "127." + LOOPBACK + ".0.1";

  /** Milliseconds to reach oneself. */
  private static final int REACH = 2_000;

  /** The router's own domain. */
  static final Domain HOME = Domain.of("sender.example");

  /** The router's name. */
  static final Domain NAME = Domain.of("mx." + HOME);

  /**
   * Opens it at ports 25 and 443 where that is allowed, else at others, and prints which.
   *
   * @throws LoopbackUnavailable when this machine has no loopback addresses for it
   */
  static DemoEnvironment open(
      List<Trap.TrapCase> trapCases, Clock clock, RandomSource random, PrintStream out)
      throws IOException {
    LabSettings settings = LabSettings.defaults().with(AddressSource.loopback(LOOPBACK));
    free();
    try {
      return open(trapCases, settings, clock, random);
    } catch (IOException e) {
      out.println(
          "Ports 25 and 443 are not available (" + FailureText.of(e) + "): using free ports.");
    }
    for (int i = 1; ; i++) {
      int smtp = free();
      int https = free();
      try {
        return open(
            trapCases,
            settings.with(AddressSource.loopback(LOOPBACK)).withPorts(smtp, https),
            clock,
            random);
      } catch (IOException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private static DemoEnvironment open(
      List<Trap.TrapCase> trapCases, LabSettings settings, Clock clock, RandomSource random)
      throws IOException {
    Lab lab = new Lab(settings, clock, random);
    try {
      lab.actValidating(true);
      LabToken token = lab.issue(trapCases);
      return new DemoEnvironment(lab, token, lab.routerDomain(HOME.name(), token));
    } catch (IOException e) {
      lab.close();
      throw e;
    }
  }

  /**
   * A free port, tested by a connection: where loopback is down, listening succeeds and no client
   * can connect.
   */
  private static int free() throws LoopbackUnavailable {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.ofLiteral(FIRST));
        Socket caller = new Socket()) {
      caller.connect(listener.getLocalSocketAddress(), REACH);
      return listener.getLocalPort();
    } catch (IOException e) {
      // Each destination needs an address of its own: MX records name no ports.
      throw new LoopbackUnavailable(
          "the demo needs the loopback addresses from "
              + FIRST
              + " on, which this system does not provide ("
              + FailureText.of(e)
              + ")",
          e);
    }
  }

  /** This machine has no loopback addresses but its own. */
  static final class LoopbackUnavailable extends IOException {
    private static final long serialVersionUID = 1;

    LoopbackUnavailable(String message, IOException cause) {
      super(message, cause);
    }
  }

  /** The resolver, as settings and options name it. */
  String resolver() {
    return lab.resolver().getAddress().getHostAddress() + ":" + lab.resolver().getPort();
  }

  /** Writes the trust roots of the router and of the assessment. */
  void write(Path folder) throws IOException {
    Files.writeString(folder.resolve("ca.pem"), lab.rootPem());
    Files.writeString(folder.resolve("anchor"), String.join("\n", lab.anchors()) + "\n");
    Files.writeString(folder.resolve("mx.pem"), routerDomain.chainPem());
    Files.writeString(folder.resolve("mx.key"), routerDomain.keyPem());
    Files.writeString(folder.resolve("dkim.pem"), routerDomain.dkimKeyPem());
  }

  /**
   * The configuration that an admin would write to run a router in this lab; everything else is the
   * default.
   */
  String configuration() {
    String anchors =
        lab.anchors().stream()
            .map(a -> "\"" + a.replace('\t', ' ') + "\"")
            .collect(Collectors.joining(", "));
    return """
    [server]
    hostname = "%s"
    postmaster = "%s"
    [[listener]]
    address = "%s:%d"
    [identity]
    certificate = "mx.pem"
    key = "mx.key"
    [[dkim]]
    domain = "%s"
    selector = "%s"
    key = "dkim.pem"
    [dns]
    resolvers = ["%s"]
    anchors = [%s]
    [roots]
    files = ["ca.pem"]
    [queue]
    # The long waits of real mail, short enough to watch. The second is longer than the pause that
    # separates attempts in the lab (3 s), even when shortened by a fifth, and after both the kept
    # DNS answers (5 s) are old: every destination sees a second try then. The third, shortened by
    # a fifth, is longer than these answers are kept: on a busy machine each later try looks up too.
    retry = ["2s", "5s", "7s"]
    dead_site_first = "1s"
    dead_site_most = "2s"
    [deliver]
    hold = "1s"
    allow_targets = ["127.%d.0.0/16"]
    mx_port = %d
    [sts]
    port = %d
    """
        .formatted(
            NAME,
            token.sender(),
            routerDomain.address().getHostAddress(),
            lab.settings().smtpPort(),
            HOME,
            RouterDomain.SELECTOR,
            resolver(),
            anchors,
            LOOPBACK,
            lab.settings().smtpPort(),
            lab.settings().httpsPort());
  }

  /**
   * Starts the router.
   *
   * @param folder with what {@link #write} wrote; its state goes there too
   */
  Router router(Path folder, Clock clock, RandomSource random, MailLog log) throws IOException {
    Configuration read =
        Configuration.parse(configuration(), folder, "demo", new MachineDefaults(NAME, folder));
    if (!(read instanceof Configuration.ValidConfiguration valid)) {
      throw new IOException(read.report());
    }
    Router router = new Router(valid.settings(), clock, random, log, new Counters());
    // A demo has no file that could have changed.
    router.start(_ -> ReloadReport.COMPLETE);
    return router;
  }

  @Override
  public void close() throws IOException {
    lab.close();
  }
}
