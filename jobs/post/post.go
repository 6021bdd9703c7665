// Package post sends JSON to an address, again where nobody answers.
package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	timeout = 15 * time.Second // of one attempt
	longest = 64 << 10         // what is read of an answer
)

// JSON posts a body and returns the answer; retries are further attempts where
// nobody answers or the server is at fault. An answer other than 2xx is an error.
// Errors never hold the address: it may be a secret.
func JSON(ctx context.Context, address string, header http.Header, body []byte, retries int) ([]byte, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return nil, errors.New("the address is no URL")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	client := retryablehttp.NewClient()
	client.RetryMax, client.Logger = retries, nil
	client.HTTPClient.Timeout = timeout
	resp, err := client.Do(req)
	if err != nil {
		var own *url.Error
		if errors.As(err, &own) {
			err = own.Err
		}
		return nil, fmt.Errorf("no answer: %s", strings.ReplaceAll(err.Error(), address, "****"))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, longest))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("answered %s", resp.Status)
	}
	return answer, nil
}
