package org.sealwax.mail.http;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;

/**
 * Serves a few finished pages, by their paths. GET and HEAD only; no request is read beyond its
 * head, and nothing is looked up anywhere.
 */
public final class StaticPageServer implements Closeable {
  private final PlainHttpServer server;

  /**
   * Listens.
   *
   * @param address address and port to listen at
   * @param pages HTML by path, {@code /} among them
   * @throws IOException when the address cannot be bound
   */
  public StaticPageServer(InetSocketAddress address, Map<String, String> pages) throws IOException {
    Map<String, String> all = Map.copyOf(pages);
    server =
        PlainHttpServer.start(
            address,
            path -> {
              String page = all.get(path);
              return page == null
                  ? PlainHttpServer.ResponseHead.notFound("")
                  : new PlainHttpServer.ResponseHead(200, WebResponse.HTML, page);
            },
            PlainHttpServer.TOTAL,
            text -> {
              // One client asked, and gets no response.
            });
  }

  /** {@return where it listens} */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Ends at once. */
  @Override
  public void close() throws IOException {
    server.close();
  }
}
