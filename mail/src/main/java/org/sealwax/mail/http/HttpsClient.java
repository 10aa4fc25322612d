package org.sealwax.mail.http;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * Makes HTTPS requests, one connection each. Thread-safe.
 *
 * <p>Why not a ready-made client: it would resolve through the system instead of our validated
 * answers, open sockets past {@link Dialer}'s check of special-use addresses, follow redirects and
 * keep caches unless each is found and switched off, and its time limit would end at the header
 * fields (docs/adr/0043).
 */
public final class HttpsClient {
  /** Addresses of one host that are tried: two of each family. */
  static final int MAX_ADDRESSES = 4;

  /** The longest wait for one TCP connection: the next address needs a part of the total time. */
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** Remaining time when none is left: deadlines need a positive time. */
  private static final Duration LEAST = Duration.ofMillis(1);

  /** The port that a Host field does not name. */
  private static final int HTTPS = 443;

  private final Resolver resolver;
  private final Dialer dialer;
  private final TlsClient tls;
  private final Supplier<TrustRoots> roots;
  private final Clock clock;

  /**
   * A client with the same roots for all requests.
   *
   * @param resolver answers the DNS questions
   * @param dialer opens the connections
   * @param tls makes TLS connections
   * @param roots the certificate authorities that count
   * @param clock source of the current time
   */
  public HttpsClient(
      Resolver resolver, Dialer dialer, TlsClient tls, TrustRoots roots, Clock clock) {
    this(resolver, dialer, tls, () -> roots, clock);
  }

  /**
   * A client.
   *
   * @param resolver of hosts
   * @param dialer a guarded one, as others name the hosts
   * @param tls our side
   * @param roots by which certificates are judged, asked for each request
   * @param clock for the total time
   */
  public HttpsClient(
      Resolver resolver, Dialer dialer, TlsClient tls, Supplier<TrustRoots> roots, Clock clock) {
    this.resolver = resolver;
    this.dialer = dialer;
    this.tls = tls;
    this.roots = roots;
    this.clock = clock;
  }

  /**
   * Asks. Never longer than the request's total, by a second at most.
   *
   * @param request the request
   * @return the response or the failure, with addresses and handshake
   * @throws InterruptedException when the thread is interrupted
   */
  public HttpsExchange exchange(HttpsRequest request) throws InterruptedException {
    return new HttpsRequestRun(request).run();
  }

  /** One exchange. */
  private final class HttpsRequestRun {
    private final HttpsRequest request;
    private final long began = clock.nanoTime();
    private List<InetAddress> addresses = List.of();
    private @Nullable InetSocketAddress peer;
    private @Nullable Handshake handshake;
    private HttpsFailure failure = new HttpsFailure(HttpsFailure.Kind.NO_CONNECTION, "no address");

    private HttpsRequestRun(HttpsRequest request) {
      this.request = request;
    }

    private HttpsExchange run() throws InterruptedException {
      resolve();
      for (InetAddress address : addresses) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        HttpResponse reply = sendRequest(address);
        if (reply != null) {
          return new HttpsExchange(request.host(), addresses, peer, handshake, reply, null, took());
        }
        if (!mayTryNextAddress()) {
          break;
        }
      }
      return new HttpsExchange(request.host(), addresses, peer, handshake, null, failure, took());
    }

    /** Another address may be another machine; a machine that answered has answered. */
    private boolean mayTryNextAddress() {
      return failure.kind() == HttpsFailure.Kind.NO_CONNECTION
          || failure.kind() == HttpsFailure.Kind.TLS_FAILED;
    }

    private Duration took() {
      return Duration.ofNanos(clock.nanoTime() - began);
    }

    private Duration left() {
      Duration left = request.limits().total().minus(took());
      return left.compareTo(LEAST) < 0 ? LEAST : left;
    }

    private boolean isOverTime() {
      return took().compareTo(request.limits().total()) >= 0;
    }

    private void resolve() throws InterruptedException {
      DnsAnswer<InetAddress> four;
      DnsAnswer<InetAddress> six;
      try (Scope scope = new Scope("addresses")) {
        Scope.ForkedTask<DnsAnswer<InetAddress>> other =
            scope.fork(() -> resolver.addresses(request.host(), Resolver.AddressFamily.IPV6));
        four = resolver.addresses(request.host(), Resolver.AddressFamily.IPV4);
        scope.join();
        six = other.get();
      }
      List<InetAddress> found = new ArrayList<>();
      for (int i = 0; i < MAX_ADDRESSES / 2; i++) {
        // RFC 8305 §4: by turns, IPv6 first.
        for (DnsAnswer<InetAddress> answer : List.of(six, four)) {
          if (i < answer.records().size()) {
            found.add(answer.records().get(i));
          }
        }
      }
      addresses = List.copyOf(found);
      if (four.kind() == DnsAnswer.Kind.UNKNOWN) {
        failure = new HttpsFailure(HttpsFailure.Kind.DNS_FAILED, four.reason());
      } else if (six.kind() == DnsAnswer.Kind.UNKNOWN) {
        failure = new HttpsFailure(HttpsFailure.Kind.DNS_FAILED, six.reason());
      } else {
        failure =
            new HttpsFailure(
                HttpsFailure.Kind.NO_ADDRESS,
                four.kind() == DnsAnswer.Kind.NO_NAME ? "no such name" : "no address");
      }
    }

    /** The answer; or null, and {@link #failure} gives the reason. */
    private @Nullable HttpResponse sendRequest(InetAddress address) {
      peer = new InetSocketAddress(address, request.port());
      handshake = null;
      if (isOverTime()) {
        failure = overTime();
        return null;
      }
      Wire clear;
      try {
        clear = dialer.connect(peer, null, left().compareTo(CONNECT) < 0 ? left() : CONNECT);
      } catch (IOException e) {
        failure = new HttpsFailure(HttpsFailure.Kind.NO_CONNECTION, FailureText.of(e));
        return null;
      }
      try (Deadline deadline = Deadline.after(left(), clear)) {
        try {
          clear.readTimeout(left());
          return over(tls.connect(clear, offer(), left()));
        } catch (IOException e) {
          failure =
              deadline.passed() || isOverTime() || e instanceof SocketTimeoutException
                  ? overTime()
                  : meaning(e);
          return null;
        }
      } finally {
        closeQuietly(clear);
      }
    }

    private @Nullable HttpResponse over(TlsWire wire) throws IOException {
      try {
        handshake = wire.handshake();
        boolean proven =
            handshake.verdict() instanceof Verdict.Verified v
                && v.by() == Verdict.IdentifiedBy.NAME;
        if (!proven && request.certificate() == HttpsRequest.CertificateUse.DEMANDED) {
          failure = notVerified(handshake);
          return null;
        }
        send(wire.out());
        HttpReader reader = new HttpReader(wire.in(), request.limits());
        HttpResponse reply =
            request.method() == HttpsRequest.Method.HEAD
                ? reader.responseHead()
                : reader.response();
        if (reader.readUntilClose() && wire.truncated()) {
          failure =
              new HttpsFailure(
                  HttpsFailure.Kind.LOST,
                  "the connection was closed; the response may be incomplete");
          return null;
        }
        return reply;
      } finally {
        closeQuietly(wire);
      }
    }

    private HttpsFailure overTime() {
      return new HttpsFailure(
          HttpsFailure.Kind.TOTAL_TIME_REACHED,
          "no complete response within " + request.limits().total().toSeconds() + " s");
    }

    private static HttpsFailure notVerified(Handshake handshake) {
      String note = handshake.notes().isEmpty() ? "" : ", " + handshake.notes().getFirst();
      return new HttpsFailure(
          HttpsFailure.Kind.CERTIFICATE_NOT_VERIFIED,
          "certificate " + handshake.verdict().text() + note);
    }

    private HttpsFailure meaning(IOException e) {
      return switch (e) {
        case MalformedHttp m -> new HttpsFailure(HttpsFailure.Kind.MALFORMED, FailureText.of(m));
        case OversizedHttp o ->
            new HttpsFailure(
                HttpsFailure.Kind.TOO_LARGE,
                "the response is over " + request.limits().body() + " bytes");
        // After the handshake the host has been reached, and another address will do no better.
        case TlsException t ->
            handshake == null
                ? new HttpsFailure(HttpsFailure.Kind.TLS_FAILED, FailureText.of(t))
                : new HttpsFailure(HttpsFailure.Kind.LOST, FailureText.of(t));
        default -> new HttpsFailure(HttpsFailure.Kind.LOST, FailureText.of(e));
      };
    }

    private ClientOffer offer() {
      // Each verdict is judged on a chain that was shown now (RFC 8461 §3.3): no resumption.
      return ClientOffer.plain(
          request.host(),
          TlsFloor.DEFAULT,
          new ReferenceIdentity(List.of(request.host()), Set.of(), roots.get()),
          "https " + request.host());
    }

    private void send(OutputStream out) throws IOException {
      StringBuilder head = new StringBuilder(256);
      head.append(request.method())
          .append(' ')
          .append(request.path())
          .append(" HTTP/1.1\r\nHost: ")
          .append(request.host());
      if (request.port() != HTTPS) {
        head.append(':').append(request.port());
      }
      head.append("\r\nUser-Agent: Sealwax\r\nAccept-Encoding: identity\r\nConnection: close\r\n");
      for (HttpField field : request.fields()) {
        head.append(field.name()).append(": ").append(field.value()).append("\r\n");
      }
      request
          .content()
          .ifPresent(
              c ->
                  head.append("Content-Type: ")
                      .append(c.type())
                      .append("\r\nContent-Length: ")
                      .append(c.bytes().length)
                      .append("\r\n"));
      out.write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
      if (request.content().isPresent()) {
        out.write(request.content().get().bytes());
      }
      out.flush();
    }
  }

  private static void closeQuietly(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It is of no more use.
    }
  }
}
