package org.sealwax.app.doctor;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.NamedDomain;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.router.cli.ConfigurationSource;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimKeyUse;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.KeyRecordCheck;
import org.sealwax.router.reports.TlsReportRow;

/** {@code sealwax dkim …}: makes keys, and compares them with what the DNS publishes. */
public final class DkimCommand {
  private static final int DNS = 53;

  private final ProcessEnvironment process;
  private final ConfigurationSource configuration;

  private DkimCommand(ProcessEnvironment process) {
    this.process = process;
    this.configuration = new ConfigurationSource(process);
  }

  /** {@code dkim} with its commands. */
  public static Command command(ProcessEnvironment process) {
    DkimCommand dkim = new DkimCommand(process);
    return Command.group(
        """
        sealwax dkim COMMAND
        make keys for DKIM and check their records

        A DKIM key signs the mail of a domain. Its public half is a TXT record in the DNS.

        $ sealwax dkim new project.example
        $ sealwax dkim check
        """,
        List.of(
            Command.of(
                """
                sealwax dkim new DOMAIN
                make an RSA key and an Ed25519 key for a domain

                Writes the two private keys into files that only their owner can read, and prints
                the TXT records for the zone of the domain and the [[dkim]] entries for the
                configuration. Receivers that do not know Ed25519 use the RSA signature. Existing
                files are never replaced. The user of the router must be able to read the files.

                Publish the records first. Add the entries when sealwax dkim check finds them, or give
                them a day in "from".

                --folder FOLDER     folder of the files; default: dkim next to the configuration file
                --selector SELECTOR  selector of the RSA key; the other gets -ed at its end; default: the
                                    day, for example s20261201

                $ sealwax dkim new project.example
                $ sealwax dkim new project.example --folder /etc/sealwax/dkim --selector s2027
                """,
                dkim::create),
            Command.of(
                """
                sealwax dkim check [DOMAIN]
                compare published key records with the keys of the configuration

                Looks up the TXT record of each [[dkim]] entry, of one domain or of all, also at each
                authoritative server: no record, another key, a revoked key, another algorithm,
                t=y, s= without email, several records. Reports keys that sign but are not
                published, and keys that will sign but are not published everywhere. For a key that no longer
                signs, prints how long its record must stay published: until 7 days after the
                last mail of its time has left the queue.

                Exit code 0: all in order; 1: warnings, or a check without a result; 2: errors.

                --json              print JSON

                $ sealwax dkim check
                $ sealwax dkim check project.example --json
                """,
                dkim::check)));
  }

  /** The review of the keys of some domains. */
  static DkimReview review(RouterSettings settings, Resolver resolver, Predicate<Domain> wanted) {
    List<DkimRow> reports =
        settings.tlsReports().flatMap(TlsReportRow::signingRow).stream().toList();
    return new DkimReview(
        List.of(settings.dkim(), reports), wanted, recordCheck(settings, resolver));
  }

  /** The check of key records by the configured resolvers and the authoritative servers. */
  private static KeyRecordCheck recordCheck(RouterSettings settings, Resolver resolver) {
    boolean isPrivateAllowed = !settings.dialer().allowTargets().isEmpty();
    AuthoritativeLookup servers =
        new AuthoritativeLookup(
            settings.dns(),
            Clock.system(),
            RandomSource.secure(),
            address -> isPrivateAllowed || SpecialUse.of(address).isEmpty(),
            DNS);
    return new KeyRecordCheck(
        resolver,
        servers::txt,
        () -> DkimKeyUse.read(settings.server().state()),
        Clock.system().civilTime());
  }

  private int check(Arguments arguments) throws IOException, InterruptedException {
    RouterSettings settings = configuration.valid(arguments).settings();
    Optional<Domain> one = operand(arguments);
    Predicate<Domain> wanted = domain -> one.isEmpty() || one.get().equals(domain);
    Resolver resolver = new CachingResolver(settings.dns(), Clock.system(), RandomSource.secure());
    DoctorReport report =
        new DoctorReport(
            settings.server().hostname(), review(settings, resolver, wanted).findings());
    if (report.findings().isEmpty()) {
      throw new CommandFailed(
          ExitStatus.CONFIGURATION,
          "the configuration has no [[dkim]] entry" + one.map(d -> " of " + d).orElse(""));
    }
    report.print(process, arguments);
    return report.exit();
  }

  private static Optional<Domain> operand(Arguments arguments) throws Arguments.UsageError {
    List<String> operands = arguments.operands();
    if (operands.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> problem = NamedDomain.problem(operands.getFirst());
    if (problem.isPresent()) {
      throw new Arguments.UsageError(problem.get());
    }
    return Optional.of(Domain.of(operands.getFirst()));
  }

  private int create(Arguments arguments) throws IOException {
    Domain domain = operand(arguments).orElseThrow();
    String name =
        arguments
            .value("--selector")
            .orElseGet(
                () ->
                    "s"
                        + LocalDate.ofInstant(Clock.system().civilTime(), ZoneOffset.UTC)
                            .format(DateTimeFormatter.BASIC_ISO_DATE));
    Path folder = folder(arguments);
    Files.createDirectories(folder);
    NewKey rsa = new NewKey(domain, selector(name), DkimAlgorithm.RSA_SHA256, folder);
    NewKey edwards =
        new NewKey(domain, selector(name + "-ed"), DkimAlgorithm.ED25519_SHA256, folder);
    Optional<String> user = process.root() ? userOfRouter(arguments) : Optional.empty();
    // Neither is made when the other cannot be.
    rsa.requireFree();
    edwards.requireFree();
    DkimSigningKey first = rsa.create();
    DkimSigningKey second = edwards.create();
    PrintStream out = process.out();
    out.println("; the zone of " + domain);
    out.println(first.zoneLine());
    out.println(second.zoneLine());
    out.println();
    out.println("# the configuration, when the records are published");
    out.print(rsa.row());
    out.print(edwards.row());
    if (process.root()) {
      process
          .err()
          .println(
              "sealwax: note: the user of the router must own the files; run: chown "
                  + user.orElse("USER")
                  + " "
                  + rsa.file()
                  + " "
                  + edwards.file()
                  + (user.isPresent() ? "" : " (USER: the user that runs sealwax serve)"));
    }
    return ExitStatus.OK;
  }

  /** The owner of the state folder, who is the user of the router; empty where there is none. */
  private Optional<String> userOfRouter(Arguments arguments) throws CommandFailed {
    Path state = configuration.state(arguments);
    try {
      String owner = Files.getOwner(state).getName();
      return owner.equals("root") ? Optional.empty() : Optional.of(owner);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Path folder(Arguments arguments) {
    return arguments
        .value("--folder")
        .map(process::path)
        .orElseGet(
            () ->
                configuration
                    .paths()
                    .configuration(arguments)
                    .orElse(configuration.paths().configurations().getFirst())
                    .toAbsolutePath()
                    .resolveSibling("dkim"));
  }

  private static Domain selector(String text) throws Arguments.UsageError {
    return Domain.parse(text)
        .orElseThrow(() -> new Arguments.UsageError(text + " is not a selector"));
  }

  /** A key that is to be made. */
  private record NewKey(Domain domain, Domain selector, DkimAlgorithm algorithm, Path folder) {
    Path file() {
      return folder.resolve(domain + "." + selector + ".pem").toAbsolutePath();
    }

    void requireFree() throws CommandFailed {
      if (Files.exists(file())) {
        throw exists();
      }
    }

    private CommandFailed exists() {
      return new CommandFailed(
          ExitStatus.SYSTEM, file() + " exists already; use another --selector");
    }

    DkimSigningKey create() throws IOException {
      try {
        DkimKeyFile.create(file(), algorithm);
      } catch (FileAlreadyExistsException e) {
        throw exists();
      }
      return DkimKeyFile.read(domain, selector, file());
    }

    String row() {
      return "[[dkim]]\ndomain = \""
          + domain
          + "\"\nselector = \""
          + selector
          + "\"\nkey = \""
          + file()
          + "\"\n";
    }
  }
}
