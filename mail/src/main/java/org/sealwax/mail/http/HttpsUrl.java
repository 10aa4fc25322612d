package org.sealwax.mail.http;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.SettingValue;

/**
 * A URL of HTTPS (RFC 9110 4.2.2), without user and fragment: what {@link HttpsClient} can be asked
 * for.
 *
 * @param host a name, not an address
 * @param port 443 where the URL has none
 * @param target path and query, as they go on the wire
 */
@SettingValue(name = "URL", form = "a URL in quotes: \"https://acme.example.net/directory\"")
public record HttpsUrl(Domain host, int port, String target) {
  private static final int MAX_LENGTH = 2_048;
  private static final int HTTPS = 443;

  /**
   * {@return the URL; empty when it is none, of another scheme, or longer than 2048 characters}
   *
   * @param text as it is written
   */
  public static Optional<HttpsUrl> parse(String text) {
    if (text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    try {
      return of(new URI(text));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  /**
   * {@return the URL; empty when it is none that can be asked for}
   *
   * @param uri in the JDK's form
   */
  public static Optional<HttpsUrl> of(URI uri) {
    String name = uri.getHost();
    boolean usual =
        "https".equalsIgnoreCase(uri.getScheme())
            && name != null
            && uri.getRawUserInfo() == null
            && uri.getRawFragment() == null
            && uri.getPort() != 0
            && uri.getPort() <= 65_535;
    if (!usual || name == null) {
      return Optional.empty();
    }
    String path = uri.getRawPath();
    String target = path == null || path.isEmpty() ? "/" : path;
    String whole = uri.getRawQuery() == null ? target : target + "?" + uri.getRawQuery();
    if (!whole.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      return Optional.empty();
    }
    return Domain.parse(name)
        .map(host -> new HttpsUrl(host, uri.getPort() < 0 ? HTTPS : uri.getPort(), whole));
  }

  /** {@return the URL as it is written} */
  @Override
  public String toString() {
    return "https://" + host.name() + (port == HTTPS ? "" : ":" + port) + target;
  }
}
