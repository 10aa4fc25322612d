package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.certs.acme.ProofPublisher.PublishedProof;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.AcmeJsonResource;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.OrderBuilder;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.RenewalInfo;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.challenge.Dns01Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.challenge.TlsAlpn01Challenge;
import org.shredzone.acme4j.connector.Connection;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.connector.Resource;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeNetworkException;
import org.shredzone.acme4j.exception.AcmeProtocolException;
import org.shredzone.acme4j.exception.AcmeServerException;
import org.shredzone.acme4j.provider.AbstractAcmeProvider;
import org.shredzone.acme4j.toolbox.JSONBuilder;

/**
 * An authority behind an ACME directory (RFC 8555): the only class that knows acme4j. Each order
 * has a session and a nonce of its own, so that a slow order does not delay another one.
 */
final class AcmeClient implements CertificateAuthority {
  /** Between two polls where the authority names no time: doubled up to the second. */
  private static final Duration FIRST_POLL = Duration.ofMillis(250);

  private static final Duration LAST_POLL = Duration.ofSeconds(15);

  /** Characters of a token; RFC 8555 8.1 asks for 22 at least, Let's Encrypt's have 43. */
  private static final int MAX_TOKEN = 256;

  /** Characters of what an authority states, in a line of the log. */
  private static final int MAX_WORDS = 300;

  private final AccountSettings account;
  private final AcmeHttp.AcmeExchange http;
  private final AcmeHttp.TimeLimits limits;
  private final Pause pause;
  private final Clock clock;

  /** Waits; ended early by an interrupt. */
  interface Pause {
    /** Waits for this long. */
    void of(Duration time) throws InterruptedException;
  }

  /**
   * The account at an authority.
   *
   * @param directory its URL
   * @param key of the account
   * @param contact mail addresses
   * @param known the addresses that the authority has
   * @param profile of orders; empty: the authority's choice
   * @param binding to an account of another kind
   */
  record AccountSettings(
      URI directory,
      Supplier<KeyPair> key,
      List<Mailbox> contact,
      AccountContact known,
      Optional<String> profile,
      Optional<ExternalBinding> binding) {}

  /**
   * External account binding (RFC 8555 7.3.4).
   *
   * @param keyId key identifier
   * @param hmacKey base64url
   */
  record ExternalBinding(String keyId, String hmacKey) {
    @Override
    public String toString() {
      return "ExternalBinding[" + keyId + "]";
    }
  }

  AcmeClient(
      AccountSettings account,
      AcmeHttp.AcmeExchange http,
      AcmeHttp.TimeLimits limits,
      Pause pause,
      Clock clock) {
    this.account = account;
    this.http = http;
    this.limits = limits;
    this.pause = pause;
    this.clock = clock;
  }

  /** What others wrote, on one line of printable characters. */
  static String ownWords(String foreign) {
    String line = foreign.replaceAll("[^\\x20-\\x7e]+", " ").strip();
    return line.length() > MAX_WORDS ? line.substring(0, MAX_WORDS) + " ..." : line;
  }

  /** Any directory is like any other; the provider's only work is to hand out our HTTP. */
  private static final class Provider extends AbstractAcmeProvider {
    private final HttpClient client;

    Provider(HttpClient client) {
      this.client = client;
    }

    @Override
    public boolean accepts(URI serverUri) {
      return true;
    }

    @Override
    public URL resolve(URI serverUri) {
      try {
        return serverUri.toURL();
      } catch (MalformedURLException e) {
        throw new IllegalArgumentException(e);
      }
    }

    @Override
    public HttpClient createHttpClient(NetworkSettings networkSettings) {
      return client;
    }
  }

  private Session session(AcmeHttp client) {
    Session session = new Session(account.directory(), new Provider(client));
    session.setLocale(Locale.ENGLISH);
    session.networkSettings().setCompressionEnabled(false);
    return session;
  }

  @Override
  public List<X509Certificate> order(
      List<Domain> names, KeyPair key, Optional<X509Certificate> former, ProofPublisher proofs)
      throws OrderFailure, InterruptedException {
    AcmeHttp client = new AcmeHttp(http, clock, limits);
    try {
      Session session = session(client);
      Login login = login(session);
      Order order = newOrder(session, login, names, former);
      for (Authorization authorization : order.getAuthorizations()) {
        prove(authorization, names, proofs, client);
      }
      await(order, client, status -> status != Status.PENDING);
      if (order.getStatus() == Status.READY) {
        order.execute(key);
        await(order, client, status -> status == Status.VALID || status == Status.INVALID);
      }
      if (order.getStatus() != Status.VALID) {
        throw failure("the order is invalid", order.getError());
      }
      return order.getCertificate().getCertificateChain();
    } catch (AcmeException | IOException | RuntimeException | StackOverflowError e) {
      throw meaning(e, client);
    }
  }

  private Login login(Session session) throws AcmeException {
    AccountBuilder builder =
        new AccountBuilder().useKeyPair(account.key().get()).agreeToTermsOfService();
    List<String> contact = account.contact().stream().map(m -> "mailto:" + m).toList();
    contact.forEach(url -> builder.addContact(URI.create(url)));
    account
        .binding()
        .ifPresent(binding -> builder.withKeyIdentifier(binding.keyId(), binding.hmacKey()));
    Login login = builder.createLogin(session);
    if (!contact.equals(account.known().sent())) {
      update(session, login, contact);
    }
    return login;
  }

  /**
   * RFC 8555 7.3: an authority ignores the contact in a request for an account that exists; 7.3.2
   * changes it. An order does not fail for it. acme4j's own method cannot remove all addresses.
   */
  private void update(Session session, Login login, List<String> contact) {
    try (Connection connection = session.connect()) {
      JSONBuilder claims = new JSONBuilder();
      claims.put("contact", contact);
      connection.sendSignedRequest(login.getAccount().getLocation(), claims, login);
      account.known().accepted(contact);
    } catch (IOException e) {
      account.known().failed(FailureText.of(e));
    } catch (AcmeException | RuntimeException e) {
      account.known().failed(ownWords(text(e)));
    }
  }

  private Order newOrder(
      Session session, Login login, List<Domain> names, Optional<X509Certificate> former)
      throws AcmeException {
    if (former.isPresent() && session.resourceUrlOptional(Resource.RENEWAL_INFO).isPresent()) {
      try {
        return newOrder(login, names).replaces(former.get()).create();
      } catch (AcmeServerException | AcmeProtocolException e) {
        // RFC 9773 5: it may refuse a certificate that it does not know, or that was replaced
        // before; and one without an authority key identifier has no name for it. Where that is
        // not the reason, the order without it gets the same answer.
      }
    }
    return newOrder(login, names).create();
  }

  private OrderBuilder newOrder(Login login, List<Domain> names) {
    OrderBuilder order = login.newOrder();
    names.forEach(name -> order.domain(name.name()));
    account.profile().ifPresent(order::profile);
    return order;
  }

  private void prove(
      Authorization authorization, List<Domain> names, ProofPublisher proofs, AcmeHttp client)
      throws AcmeException, IOException, OrderFailure, InterruptedException {
    if (authorization.getStatus() == Status.VALID) {
      return;
    }
    Domain name =
        Domain.parse(authorization.getIdentifier().getDomain())
            .filter(names::contains)
            .orElseThrow(
                () ->
                    new OrderFailure(
                        "the authority asks about another name: "
                            + ownWords(authorization.getIdentifier().getDomain()),
                        Optional.empty()));
    Optional<Challenge> offered = authorization.findChallenge(proofs.type().word());
    Challenge challenge =
        offered.orElseThrow(
            () ->
                new OrderFailure(
                    "the authority offers no " + proofs.type().word() + " for " + name,
                    Optional.empty()));
    PublishedProof published = proofs.publish(proof(challenge, name));
    try {
      challenge.trigger();
      await(authorization, client, status -> status != Status.PENDING);
      if (authorization.getStatus() != Status.VALID) {
        Optional<Problem> why =
            authorization.getChallenges().stream()
                .filter(c -> c.getType().equals(proofs.type().word()))
                .flatMap(c -> c.getError().stream())
                .findFirst();
        throw failure(proofs.type().word() + " of " + name + " failed", why);
      }
    } finally {
      published.withdraw();
    }
  }

  private static Proof proof(Challenge challenge, Domain name) throws IOException {
    return switch (challenge) {
      case Http01Challenge http -> {
        if (http.getToken().length() > MAX_TOKEN) {
          throw new IOException("a token of more than " + MAX_TOKEN + " characters");
        }
        yield new Proof.HttpFile(http.getToken(), http.getAuthorization());
      }
      case TlsAlpn01Challenge alpn -> {
        // acme4j signs it by RSA only.
        KeyPair key = NewKey.of(AcmeSettings.KeyType.RSA);
        yield new Proof.AlpnCertificate(
            name,
            Identity.of(
                "acme-tls/1 of " + name,
                List.of(alpn.createCertificate(key, Identifier.dns(name.name()))),
                key.getPrivate()));
      }
      case Dns01Challenge dns ->
          new Proof.TxtRecord(
              Domain.parse("_acme-challenge." + name.name())
                  .orElseThrow(() -> new IOException("the name is too long for dns-01")),
              dns.getDigest());
      default -> throw new IOException("unknown challenge");
    };
  }

  private interface End {
    boolean isReached(Status status);
  }

  /** Polls, at the times that the authority asks for, within ours. */
  private <R extends AcmeJsonResource & org.shredzone.acme4j.PollableResource> void await(
      R resource, AcmeHttp client, End end)
      throws AcmeException, OrderFailure, InterruptedException {
    Duration own = FIRST_POLL;
    while (!end.isReached(resource.getStatus())) {
      Duration wait = client.retryAfter().map(AcmeClient::bounded).orElse(own);
      if (client.left().compareTo(wait) < 0) {
        throw new OrderFailure(
            "the authority did not finish within " + limits.order().toSeconds() + " s",
            Optional.empty());
      }
      pause.of(wait);
      own = own.compareTo(LAST_POLL) < 0 ? own.multipliedBy(2) : own;
      resource.fetch();
    }
  }

  /** A poll is not put off for longer than a minute, and not made in a loop. */
  private static Duration bounded(Duration wanted) {
    Duration most = Duration.ofMinutes(1);
    if (wanted.compareTo(FIRST_POLL) < 0) {
      return FIRST_POLL;
    }
    return wanted.compareTo(most) > 0 ? most : wanted;
  }

  private static OrderFailure failure(String what, Optional<Problem> why) {
    return new OrderFailure(
        what + why.map(p -> ": " + ownWords(p.toString())).orElse(""), Optional.empty());
  }

  private static OrderFailure meaning(Throwable e, AcmeHttp client) {
    return switch (e) {
      case OrderFailure own -> own;
      case AcmeNetworkException network ->
          new OrderFailure(FailureText.of(network.getCause()), client.retryAfter());
      case AcmeServerException server ->
          new OrderFailure(
              "the authority refuses: " + ownWords(server.getProblem().toString()),
              client.retryAfter());
      case AcmeException other ->
          new OrderFailure(
              "the answer of the authority cannot be used: " + ownWords(text(other)),
              client.retryAfter());
      case IOException proof -> new OrderFailure(FailureText.of(proof), Optional.empty());
      default -> {
        // acme4j throws these for answers of another form than it expects.
        Throwable cause = e.getCause() instanceof AcmeException ? e.getCause() : e;
        yield cause instanceof AcmeException known
            ? meaning(known, client)
            : new OrderFailure(
                "the answer of the authority cannot be used: " + ownWords(text(e)),
                client.retryAfter());
      }
    };
  }

  private static String text(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  @Override
  public RenewalAnswer renewalWindow(X509Certificate leaf) throws InterruptedException {
    AcmeHttp client = new AcmeHttp(http, clock, limits);
    try {
      Session session = session(client);
      if (session.resourceUrlOptional(Resource.RENEWAL_INFO).isEmpty()) {
        return new RenewalAnswer.NoWindow(Optional.of(Duration.ofDays(1)));
      }
      // The account is not needed to ask, but acme4j's type wants one.
      Login anonymous =
          session.login(account.directory().toURL(), NewKey.of(AcmeSettings.KeyType.ECDSA));
      RenewalInfo info = anonymous.bindRenewalInfo(leaf);
      info.fetch();
      return new RenewalAnswer.Window(
          new RenewalWindow(info.getSuggestedWindowStart(), info.getSuggestedWindowEnd()),
          client.retryAfter());
    } catch (AcmeException | IOException | RuntimeException | StackOverflowError e) {
      return new RenewalAnswer.NoWindow(client.retryAfter());
    }
  }
}
