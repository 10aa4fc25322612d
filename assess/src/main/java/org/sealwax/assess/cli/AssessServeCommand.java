package org.sealwax.assess.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.serve.ApprovedDialer;
import org.sealwax.assess.serve.OptOut;
import org.sealwax.assess.serve.ResultStore;
import org.sealwax.assess.serve.ScanService;
import org.sealwax.assess.serve.ScanServiceMemory;
import org.sealwax.assess.serve.ScanServiceSettings;
import org.sealwax.assess.serve.ScanWebSite;
import org.sealwax.assess.serve.TargetApproval;
import org.sealwax.assess.survey.ProviderLimiter;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.DefaultPaths;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.PageTls;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.cli.SystemdNotifier;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.HeapBudget;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.mail.tls.IdentitySettings;

/** {@code sealwax assess serve}: assessments as a public service. */
final class AssessServeCommand {
  private static final InetSocketAddress LISTEN =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 8_480);

  private static final int BACKLOG = 64;

  /** Of one scan: a tarpit must not hold one of a few places for long. */
  private static final Duration SCAN_TIME = Duration.ofMinutes(3);

  /** Addresses that the scans visit at a time, for each scan. */
  private static final int VISITS_EACH = 4;

  private static final int MOST = 999_999;
  private static final int MAX_PROXIES = 64;
  private static final int MEGABYTE = 1 << 20;

  private final ProcessEnvironment process;
  private final Arguments arguments;
  private final Clock clock = Clock.system();

  private AssessServeCommand(ProcessEnvironment process, Arguments arguments) {
    this.process = process;
    this.arguments = arguments;
  }

  /** {@code assess serve}. */
  static Command command(ProcessEnvironment process) {
    return Command.of(
        """
        sealwax assess serve
        assess domains for visitors, as a public service

        Serves pages on which visitors name a domain, wait in a queue, and read the report at an
        address that stays. A program does the same by JSON. Only hosts that public MX records
        name are visited, at port 25 and at public addresses. A result is stored and shown again
        for the time of --cache; nothing else is stored.

        Put a reverse proxy with HTTPS in front of it and name the proxy with --trusted-proxy, or
        give it --certificate and --key. Owners opt out by a TXT record or by the list of
        --opt-out: docs/assess.md.

        --listen ADDRESS:PORT  for visitors (127.0.0.1:8480)
        --certificate FILE  serve HTTPS with this chain, in PEM
        --key FILE          the key of the certificate, in PEM
        --url URL           public address of the service, with its scheme
        --trusted-proxy NETWORK,...  proxies whose X-Forwarded-For names the client
        --metrics ADDRESS:PORT  metrics by HTTP
        --state FOLDER      folder of the results (assess in the state folder)
        --opt-out FILE      domains, addresses and networks that are not scanned, one per line
        --quick             at most 8 connections per address instead of 45
        --scans COUNT       maximum number of concurrent scans (%d)
        --queue COUNT       maximum number of waiting scans (%d)
        --per-client COUNT  scans that one network may start within an hour (%d)
        --per-host COUNT    scans that may visit one address within an hour (%d)
        --cache TIME        time for which a result is shown again (1h)
        --disk MEGABYTES    maximum space of the results; the oldest are deleted (%d)
        --deadline TIME     end a scan after this time (3m)
        --dns ADDRESS       ask this resolver, ADDRESS or ADDRESS:PORT
        --trust-anchor FILE  DS or DNSKEY records to validate by
        --no-dnssec         do not validate; nothing counts as signed
        --roots FILE        certificate authorities to trust, in PEM
        --ehlo NAME         EHLO name (this machine's)

        $ sealwax assess serve --url https://assess.example.org --trusted-proxy 127.0.0.1
        $ sealwax assess serve --listen 192.0.2.1:443 --certificate cert.pem --key key.pem
        """
            .formatted(
                ScanServiceSettings.SCANS,
                ScanServiceSettings.WAITING,
                ScanServiceSettings.CLIENT_HOUR,
                ScanServiceSettings.HOST_HOUR,
                ScanServiceSettings.DISK / MEGABYTE),
        arguments -> new AssessServeCommand(process, arguments).run());
  }

  private int run() throws IOException, InterruptedException {
    InetSocketAddress listen = endpoint("--listen").orElse(LISTEN);
    Optional<InetSocketAddress> metrics = endpoint("--metrics");
    IdentitySettings.@Nullable CertificatePair pair = pair();
    ScanWebSite.SiteSettings reached =
        new ScanWebSite.SiteSettings(origin(), proxies(), pair != null);
    ScanServiceSettings settings = settings();
    HeapBudget memory = memory(settings);
    AssessmentBudget budget = budget();
    MachineDefaults machine = new DefaultPaths(process).machine();
    Path state =
        arguments.value("--state").map(process::path).orElse(machine.state().resolve("assess"));
    StateFolder.create(state);
    ApprovedDialer dialer = new ApprovedDialer(SystemDialer.guarded(DialerSettings.defaults()));
    AssessmentSetup setup = setup(dialer, settings);
    Optional<String> problem = setup.resolverProblem();
    if (problem.isPresent()) {
      throw new CommandFailed(ExitStatus.UNAVAILABLE, problem.get());
    }
    try (FolderLock _ = lock(state);
        ScanService service =
            new ScanService(
                settings,
                new TargetApproval(setup.resolver(), RandomSource.secure(), optOut()),
                dialer,
                domain -> scan(setup, domain, budget),
                ResultStore.open(state.resolve("results"), settings.diskBytes()),
                clock,
                this::log)) {
      Optional<PageTls> tls = tls(pair, state, machine.hostname());
      ProcessExit.exitWhenThreadEnds(process.err());
      ScanWebSite site = new ScanWebSite(service, reached);
      try (TcpListener _ = listen(listen, site, tls);
          TcpListener _ = metrics.isPresent() ? metrics(service, metrics.get()) : null) {
        log(memory.text());
        log("serving at " + text(listen) + (pair == null ? "" : ", HTTPS"));
        new SystemdNotifier(process)
            .serve("serving", () -> tls.ifPresent(pages -> pages.reload(process)));
      }
    }
    return ExitStatus.OK;
  }

  /** A visitor who uses every limit must not end the service for the others. */
  private HeapBudget memory(ScanServiceSettings settings) throws CommandFailed {
    HeapBudget memory = ScanServiceMemory.of(settings, arguments.value("--opt-out").isPresent());
    if (!memory.fits()) {
      throw new CommandFailed(ExitStatus.CONFIGURATION, memory.text())
          .withHelp("lower a limit, or give Java more by SEALWAX_JAVA_OPTS=-Xmx1g");
    }
    return memory;
  }

  private static FolderLock lock(Path state) throws IOException {
    return StateFolder.lock(state)
        .orElseThrow(
            () ->
                new CommandFailed(ExitStatus.TRY_AGAIN, StateFolder.inUse(state))
                    .withHelp(StateFolder.inUseHelp()));
  }

  private AssessmentSetup setup(ApprovedDialer dialer, ScanServiceSettings settings)
      throws IOException {
    try {
      return AssessmentSetup.through(
          dialer,
          arguments,
          process,
          new ProviderLimiter(
              settings.scans() * VISITS_EACH, ProviderLimiter.BlockLimit.POLITE, clock));
    } catch (Arguments.UsageError e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, FailureText.of(e));
    }
  }

  /** A fault of our resolver must not be stored as one of the domain. */
  private static Optional<AssessmentReport> scan(
      AssessmentSetup setup, Domain domain, AssessmentBudget budget) throws InterruptedException {
    AssessmentReport report =
        setup
            .assessor()
            .assess(new AssessmentTarget.DomainTarget(domain), budget, ProgressListener.none());
    return report.validates() || setup.resolverProblem().isEmpty()
        ? Optional.of(report)
        : Optional.empty();
  }

  private synchronized void log(String line) {
    // An event is one line, whatever is in it.
    process.out().println(Printable.of(line));
    process.out().flush();
  }

  private ScanServiceSettings settings() throws Arguments.UsageError {
    return new ScanServiceSettings(
        arguments
            .number("--scans", ScanServiceSettings.MAX_SCANS)
            .orElse(ScanServiceSettings.SCANS),
        arguments.number("--queue", MOST).orElse(ScanServiceSettings.WAITING),
        ScanServiceSettings.WAITING_EACH,
        arguments.number("--per-client", MOST).orElse(ScanServiceSettings.CLIENT_HOUR),
        arguments.number("--per-host", MOST).orElse(ScanServiceSettings.HOST_HOUR),
        arguments.time("--cache").orElse(ScanServiceSettings.CACHE),
        arguments
            .number("--disk", MOST)
            .map(m -> (long) m * MEGABYTE)
            .orElse(ScanServiceSettings.DISK));
  }

  private AssessmentBudget budget() throws Arguments.UsageError {
    ScanDepth depth = arguments.has("--quick") ? ScanDepth.QUICK : ScanDepth.STANDARD;
    return AssessCommand.timed(arguments, AssessmentBudget.of(depth).withTotal(SCAN_TIME));
  }

  private Optional<InetSocketAddress> endpoint(String option) throws Arguments.UsageError {
    return arguments.read(
        option, AssessServeCommand::socketAddress, "an address and a port: 127.0.0.1:8480");
  }

  private static Optional<InetSocketAddress> socketAddress(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      return Optional.empty();
    }
    String host = text.substring(0, colon);
    int port = Integer.parseInt(text.substring(colon + 1));
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    try {
      return port > 65_535
          ? Optional.empty()
          : Optional.of(
              new InetSocketAddress(
                  InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host),
                  port));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String text(InetSocketAddress address) {
    return AddressText.of(address.getAddress()) + " port " + address.getPort();
  }

  private IdentitySettings.@Nullable CertificatePair pair() throws Arguments.UsageError {
    Optional<Path> certificate = arguments.value("--certificate").map(process::path);
    Optional<Path> key = arguments.value("--key").map(process::path);
    if (certificate.isPresent() != key.isPresent()) {
      throw new Arguments.UsageError("--certificate and --key go together");
    }
    return certificate.isEmpty()
        ? null
        : new IdentitySettings.CertificatePair(certificate.get(), key.get());
  }

  private Optional<String> origin() throws Arguments.UsageError {
    return arguments.read(
        "--url",
        text ->
            Optional.of(text.endsWith("/") ? text.substring(0, text.length() - 1) : text)
                .filter(t -> t.matches("https?://[a-z0-9.-]+(:[0-9]{1,5})?")),
        "a scheme and a host in lower case: https://assess.example.org");
  }

  private List<Cidr> proxies() throws Arguments.UsageError {
    List<Cidr> proxies = new ArrayList<>();
    String text = arguments.value("--trusted-proxy").orElse("");
    if (text.isEmpty()) {
      return proxies;
    }
    for (String each : text.split(",", -1)) {
      Optional<Cidr> network = Cidr.parse(each.strip());
      if (network.isEmpty() || proxies.size() >= MAX_PROXIES) {
        throw new Arguments.UsageError(
            "--trusted-proxy is an address or a network, or up to " + MAX_PROXIES + " with commas");
      }
      proxies.add(network.get());
    }
    return proxies;
  }

  private Supplier<OptOut> optOut() throws CommandFailed {
    Optional<Path> file = arguments.value("--opt-out").map(process::path);
    if (file.isEmpty()) {
      OptOut none = OptOut.none();
      return () -> none;
    }
    try {
      WatchedFile<OptOut> list =
          new WatchedFile<>(file.get(), clock, () -> optOut(file.get()), listener());
      return list::now;
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, "--opt-out: " + FailureText.of(file.get(), e));
    }
  }

  private static WatchedFile.FileContents<OptOut> optOut(Path file) throws IOException {
    List<String> lines = RegularFile.lines(file, StandardCharsets.UTF_8, OptOut.MAX_BYTES);
    try {
      OptOut list = OptOut.read(lines);
      return new WatchedFile.FileContents<>(list, Map.of(file, list.entries()));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private WatchedFile.ChangeListener listener() {
    return new WatchedFile.ChangeListener() {
      @Override
      public void taken(Path file) {
        log("read again: " + file);
      }

      @Override
      public void kept(Path file, String why) {
        process.err().println(Printable.of("not read: " + file + ": " + why));
      }
    };
  }

  private Optional<PageTls> tls(
      IdentitySettings.@Nullable CertificatePair pair, Path state, Domain name)
      throws CommandFailed {
    if (pair == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          PageTls.open(new IdentitySettings(pair, List.of(), state.resolve("pages"), name), clock));
    } catch (IOException e) {
      throw new CommandFailed(ExitStatus.DATA, "--certificate: " + FailureText.of(e));
    }
  }

  private TcpListener listen(InetSocketAddress address, ScanWebSite site, Optional<PageTls> tls)
      throws CommandFailed {
    TcpListener.ConnectionHandler clear = site::serve;
    TcpListener.ConnectionHandler handler = tls.map(pages -> pages.over(clear)).orElse(clear);
    try {
      return TcpListener.start(
          "pages",
          address,
          BACKLOG,
          site.gate(clock),
          handler,
          text -> process.err().println(Printable.of(text)));
    } catch (IOException e) {
      throw new CommandFailed(
              ExitStatus.UNAVAILABLE,
              "cannot listen at " + text(address) + ": " + FailureText.of(e))
          .withHelp(
              "the address must be this machine's, and ports below 1024 need CAP_NET_BIND_SERVICE");
    }
  }

  private TcpListener metrics(ScanService service, InetSocketAddress address) throws CommandFailed {
    try {
      return service.listenForMetrics(address, text -> process.err().println(Printable.of(text)));
    } catch (IOException e) {
      throw new CommandFailed(
          ExitStatus.UNAVAILABLE,
          "cannot listen for metrics at " + text(address) + ": " + FailureText.of(e));
    }
  }
}
