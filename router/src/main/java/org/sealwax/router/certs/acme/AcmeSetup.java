package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.log.MailLog;

/** Makes the parts of this package from its settings; what is needed for orders only, late. */
public final class AcmeSetup {
  private static final int MAX_KEY_FILE = 4_096;

  private AcmeSetup() {}

  /**
   * How the authority is reached.
   *
   * @param resolver of its name
   * @param dialer which addresses other names than that of the directory may have
   * @param tls our side
   */
  public record Network(Resolver resolver, DialerSettings dialer, TlsClient tls) {}

  /** {@return the file with key and chain of a name} */
  public static Path pairFile(Path folder, Domain name) {
    return AcmeFiles.pairFile(folder, name);
  }

  /**
   * {@return proofs by TXT records: by the command where there is one, else by dynamic updates}
   *
   * @param zones that this server may change
   */
  public static ProofPublisher dnsProofs(
      AcmeSettings settings, List<UpdatedZone> zones, MailLog log) {
    TxtWriter writer =
        settings.dnsCommand().isPresent()
            ? new TxtCommand(settings.dnsCommand().get())
            : new TxtUpdates(zones);
    return new DnsProofs(writer, settings.dnsWait(), AcmeSetup::sleep, log);
  }

  private static void sleep(Duration time) throws InterruptedException {
    Thread.sleep(time);
  }

  /**
   * {@return the orders of a configuration; acme4j is loaded with the first one}
   *
   * @param settings enabled ones
   * @param host the host name
   * @param names each gets a certificate
   * @param folder of the files
   * @param renewed pairs that a rollover has put in the place of those of the first order
   * @param proofs of the configured type
   * @param clock the believed time
   */
  public static AcmeOrders orders(
      AcmeSettings settings,
      Domain host,
      List<Domain> names,
      Path folder,
      RenewedPair.Lookup renewed,
      ProofPublisher proofs,
      Network network,
      Clock clock,
      RandomSource random,
      AcmeOrders.OrderCounts counts,
      MailLog log) {
    HttpsUrl directory = settings.directory().orElseThrow();
    AcmeFiles files = new AcmeFiles(folder, directory, renewed);
    return new AcmeOrders(
        settings,
        host,
        names,
        files,
        () -> client(settings, directory, files, network, clock, log),
        proofs,
        clock,
        random,
        counts,
        log);
  }

  private static CertificateAuthority client(
      AcmeSettings settings,
      HttpsUrl directory,
      AcmeFiles files,
      Network network,
      Clock clock,
      MailLog log) {
    HttpsClient configured = https(settings, network, SystemDialer.trusted(), clock);
    HttpsClient named = https(settings, network, SystemDialer.guarded(network.dialer()), clock);
    return new AcmeClient(
        new AcmeClient.AccountSettings(
            URI.create(directory.toString()),
            () -> {
              try {
                return files.accountKey();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            settings.contact(),
            files.contact(log),
            settings.profile(),
            binding(settings)),
        // The admin named the directory's host, and the directory names the others.
        request -> (request.host().equals(directory.host()) ? configured : named).exchange(request),
        AcmeHttp.TimeLimits.USUAL,
        AcmeSetup::sleep,
        clock);
  }

  private static HttpsClient https(
      AcmeSettings settings, Network network, Dialer dialer, Clock clock) {
    return new HttpsClient(network.resolver(), dialer, network.tls(), () -> roots(settings), clock);
  }

  /** Read for each request: the file may be replaced. */
  private static TrustRoots roots(AcmeSettings settings) {
    try {
      return settings.roots().isPresent()
          ? RootStore.fromPem(settings.roots().get())
          : RootStore.publicRoots();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<AcmeClient.ExternalBinding> binding(AcmeSettings settings) {
    return settings
        .eabKeyFile()
        .map(
            file -> {
              try {
                return new AcmeClient.ExternalBinding(
                    settings.eabKeyId().orElseThrow(), hmacKey(file));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  /**
   * {@return the key of an external account binding}
   *
   * @param file with the key alone, in base64url
   * @throws IOException when it has none; the text never quotes it
   */
  public static String hmacKey(Path file) throws IOException {
    String key =
        RegularFile.text(file, StandardCharsets.ISO_8859_1, MAX_KEY_FILE)
            .strip()
            .replaceFirst("=+$", "");
    if (!key.matches("[A-Za-z0-9_-]{16,}")) {
      throw new IOException(file + ": not one key in base64url");
    }
    return key;
  }
}
