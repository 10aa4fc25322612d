package org.sealwax.assess.review;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpReader;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.Wire;

/**
 * The subset of HTTP that CRLs and OCSP need: one request in version 1.0, the answer up to its end.
 * No redirects, no more than the limits; addresses go through the guarded dialer, because another
 * site's certificate names them.
 */
record PlainHttpClient(Resolver resolver, Dialer dialer)
    implements RevocationCheck.RevocationFetcher {
  /** Lists of big authorities are partitioned nowadays and stay below this. */
  static final int MAX_OCTETS = 4 * 1_024 * 1_024;

  /** For everything: a user waits. */
  private static final Duration TOTAL = Duration.ofSeconds(5);

  private static final int HTTP = 80;

  @Override
  public Optional<byte[]> fetch(String url) {
    return exchange(url, "GET", "", new byte[0]);
  }

  @Override
  public Optional<byte[]> ask(String url, byte[] request) {
    return exchange(
        url,
        "POST",
        "Content-Type: application/ocsp-request\r\nContent-Length: " + request.length + "\r\n",
        request);
  }

  private Optional<byte[]> exchange(String url, String verb, String fields, byte[] body) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    String host = uri.getHost();
    if (host == null || uri.getPort() > 65_535) {
      return Optional.empty();
    }
    int port = uri.getPort() < 1 ? HTTP : uri.getPort();
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    String head =
        verb + " " + path + query + " HTTP/1.0\r\nHost: " + host + "\r\n" + fields + "\r\n";
    for (InetAddress address : addresses(host)) {
      try (Wire wire = dialer.connect(new InetSocketAddress(address, port), null, TOTAL);
          Deadline _ = Deadline.after(TOTAL, wire)) {
        wire.readTimeout(TOTAL);
        wire.out().write(head.getBytes(StandardCharsets.US_ASCII));
        wire.out().write(body);
        HttpResponse answer = new HttpReader(wire.in(), MAX_OCTETS).response();
        return answer.status() == 200 ? Optional.of(answer.body()) : Optional.empty();
      } catch (IOException e) {
        // The next address, or nothing: revocation is then not known, and reported as such.
      }
    }
    return Optional.empty();
  }

  private List<InetAddress> addresses(String host) {
    try {
      return List.of(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException e) {
      List<InetAddress> all = new ArrayList<>();
      Domain.parse(host)
          .ifPresent(
              name -> {
                for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
                  all.addAll(resolver.addresses(name, family).records());
                }
              });
      return all.subList(0, Math.min(2, all.size()));
    }
  }
}
