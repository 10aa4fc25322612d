package org.sealwax.app;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.lab.site.Lab;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.tls.CertificateSpec;

/**
 * The assessment part of a {@link TrainingRun}: assessments of sites of the lab, in every form of
 * report. An assessment is one short process, so that what it loads is most of its time. The sites
 * resemble common ones: certificates with RSA and elliptic keys, DANE and MTA-STS, TLS 1.2 and 1.3.
 */
final class AssessTrainingRun {
  /** The loopback network for it; the demo and a running lab have others. */
  private static final int LOOPBACK = 26;

  private static final Trap COMMON =
      new Trap(
          "A1",
          "a good site with an RSA key",
          "",
          "",
          EnumSet.of(PolicyContext.DANE, PolicyContext.ENFORCE),
          site ->
              site.eachHost(
                  h -> h.certified(l -> l.with(CertificateSpec.CertificateKeyType.RSA_2048))));

  private final ProcessEnvironment process;
  private final Path folder;

  /**
   * A part that is to run.
   *
   * @param folder for what is written; exists
   */
  AssessTrainingRun(ProcessEnvironment around, Path folder) {
    this.process = around;
    this.folder = folder;
  }

  /**
   * Runs it.
   *
   * @param port of loopback where a router listens: it gives tickets, which the lab's hosts do not
   * @throws IOException when this system has no loopback addresses for a lab
   */
  void run(int port) throws IOException {
    sealwax(List.of(), "assess", "127.0.0.1:" + port, "--no-dnssec");
    List<Trap.TrapCase> trapCases = new ArrayList<>(COMMON.cases());
    Traps.find("e1").ifPresent(trapCases::add);
    Traps.find("c17c").ifPresent(trapCases::add);
    LabSettings settings =
        LabSettings.defaults().with(AddressSource.loopback(LOOPBACK)).withPorts(free(), free());
    try (Lab lab = new Lab(settings, Clock.system(), RandomSource.secure());
        LabToken token = lab.issue(trapCases)) {
      Path anchor = Files.write(folder.resolve("anchor"), lab.anchors());
      Path roots = Files.writeString(folder.resolve("ca.pem"), lab.rootPem());
      InetSocketAddress at = lab.resolver();
      List<String> world =
          List.of(
              "--dns",
              at.getAddress().getHostAddress() + ":" + at.getPort(),
              "--trust-anchor",
              anchor.toString(),
              "--roots",
              roots.toString(),
              "--port",
              "" + settings.smtpPort(),
              "--policy-port",
              "" + settings.httpsPort(),
              "--allow-private",
              "--ehlo",
              "rehearsal.localdomain");
      List<String> domains =
          token.recipients().stream().map(r -> r.substring(r.indexOf('@') + 1)).toList();
      for (String domain : domains) {
        sealwax(world, "assess", domain, "--html", folder.resolve("page").toString());
      }
      String first = domains.getFirst();
      sealwax(world, "assess", first, "--full");
      sealwax(world, "assess", first, "--quick", "--json");
      String host = "127." + LOOPBACK + ".0.1";
      sealwax(
          List.of("--roots", roots.toString(), "--address", host),
          "assess",
          "mx." + first + ":" + settings.smtpPort(),
          "--no-dnssec",
          "--json");
      Path list = Files.write(folder.resolve("list"), domains);
      sealwax(
          world,
          "survey",
          list.toString(),
          "--pause",
          "0",
          "--state",
          folder.resolve("done").toString());
    }
  }

  private static int free() throws IOException {
    try (ServerSocket listener =
        new ServerSocket(0, 1, InetAddress.ofLiteral("127." + LOOPBACK + ".0.1"))) {
      return listener.getLocalPort();
    }
  }

  private void sealwax(List<String> options, String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(options);
    // Into memory, with an encoder, as to a terminal.
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream nowhere = new PrintStream(printed, true, StandardCharsets.UTF_8);
    ProcessEnvironment quiet = process.with("", nowhere);
    int code = new CommandLine(quiet).run(all.toArray(new String[0]));
    // Whatever the error is: the cache is made of the code that ran.
    process.out().println("rehearsed " + String.join(" ", words) + ": " + code);
  }
}
